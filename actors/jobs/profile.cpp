#include "recsys/data/profile.hpp"

#include "actors/jobs/work.hpp"
#include "recsys/data/manifest.hpp"
#include "recsys/features/screening.hpp"

namespace automodel::actors {

Result<events::ProfileResultT> run_profile(const Work& work) {
  const recsys::Dataset& data = work.data->data;
  events::ProfileResultT out;
  out.rows = data.rows();
  out.users = data.users();
  out.items = data.items();
  for (const recsys::ColumnProfile& column : recsys::profile(data)) {
    auto row = std::make_unique<events::ColumnProfileT>();
    row->name = column.info.name;
    row->kind = recsys::kind_name(column.info.kind);
    row->table = recsys::table_name(column.info.table);
    row->cardinality = column.cardinality;
    row->missing = column.missing;
    row->entropy = column.entropy;
    row->top_share = column.top_share;
    row->drift = column.drift;
    out.columns.push_back(std::move(row));
  }
  return out;
}

Result<events::ScreenResultT> run_screen(const Work& work, const events::ScreenJobT& job) {
  const Prepared& prepared = *work.data;
  auto screened = recsys::screen(prepared.data, prepared.labels, job.features, job.base, prepared.split.train,
                                 job.permutations, job.seed);
  if (!screened) return fail(screened.error());
  events::ScreenResultT out;
  for (const recsys::Screened& screen : *screened) {
    auto row = std::make_unique<events::FeatureScreenT>();
    row->feature = screen.feature;
    row->information = screen.information;
    row->null_mean = screen.null_mean;
    row->null_p95 = screen.null_p95;
    row->passed = screen.passed;
    out.screens.push_back(std::move(row));
  }
  return out;
}

}  // namespace automodel::actors
