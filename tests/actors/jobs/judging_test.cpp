// The jobs that look, measure and judge: profile, screen, measure, compare, quantise, report.
#include "storage/artifact_store.hpp"
#include "world.hpp"

using namespace automodel;
using namespace automodel::test;
using events::JobResultBodyUnion;

namespace {

struct Judging : World {
  events::CompareResultT compare(const events::ModelRefT& candidate, const events::ModelRefT& champion,
                                 const std::string& metric = "auc") {
    events::CompareJobT body;
    body.candidate = boxed(candidate);
    body.champion = boxed(champion);
    body.seed = 3;
    body.slice = "promotion";
    auto what = job(std::move(body));
    what.metric = metric;
    return value(what, &JobResultBodyUnion::AsCompareResult);
  }
  /// Knows what every item is worth.
  events::ModelRefT good() {
    return model(config("lr", {}, {"mean(label | item)", "mean(label | user)"}), 6);
  }
  /// Hardly began to learn.
  events::ModelRefT poor() { return model(config("lr", {{"lr", "0.00001"}}), 1); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(judging_jobs)

BOOST_FIXTURE_TEST_CASE(a_profile_counts_rows_users_items_and_describes_each_column, Judging) {
  const auto profile = value(job(events::ProfileJobT{}), &JobResultBodyUnion::AsProfileResult);
  BOOST_TEST(profile.rows == data.rows);
  BOOST_TEST(profile.users == data.users);
  BOOST_TEST(profile.items == data.items);
  bool rating = false;
  for (const auto& column : profile.columns) {
    if (column->name != "rating") continue;
    rating = true;
    BOOST_TEST(column->cardinality == 5u);
    BOOST_TEST(column->missing == 0.0);
  }
  BOOST_TEST(rating);
}

BOOST_FIXTURE_TEST_CASE(a_screen_passes_what_tells_and_not_what_does_not, Judging) {
  events::ScreenJobT screen;
  screen.features = {"mean(label | item)", "weekday(time)"};
  screen.permutations = 20;
  screen.seed = 5;
  const auto result = value(job(screen), &JobResultBodyUnion::AsScreenResult);
  BOOST_REQUIRE(result.screens.size() == 2u);
  BOOST_TEST(result.screens[0]->feature == "mean(label | item)");
  BOOST_TEST(result.screens[0]->passed);
  BOOST_TEST(result.screens[0]->information > result.screens[1]->information);
  screen.features = {"count("};
  BOOST_TEST(failure(job(screen)) == "features.syntax");
}

BOOST_FIXTURE_TEST_CASE(a_measurement_says_latency_size_and_memory, Judging) {
  events::MeasureJobT measure;
  measure.model = boxed(model(config("fm", {{"dim", "4"}})));
  measure.requests = 20;
  measure.candidates = 30;
  const auto serving = value(job(measure), &JobResultBodyUnion::AsMeasureResult).serving;
  BOOST_REQUIRE(serving != nullptr);
  BOOST_TEST(serving->p50_us > 0);
  BOOST_TEST(serving->p99_us >= serving->p50_us);
  BOOST_TEST(serving->candidates == 30u);
  BOOST_TEST(serving->model_bytes == measure.model->bytes);
  BOOST_TEST(serving->memory_bytes > 0u);
  measure.requests = 0;
  BOOST_TEST(failure(job(measure)) == "jobs.failed");
  measure.requests = 20;
  measure.model->checkpoint = std::string(64, 'b');
  BOOST_TEST(failure(job(measure)) == "storage.no_such_artifact");
}

BOOST_FIXTURE_TEST_CASE(a_model_against_itself_differs_by_nothing, Judging) {
  const auto one = poor();
  for (const std::string metric : {"auc", "logloss", "ndcg10"}) {
    const auto same = compare(one, one, metric);
    BOOST_TEST(same.difference->name == metric);
    BOOST_TEST(same.difference->value == 0.0);
    BOOST_TEST(same.difference->low <= 0.0);
    BOOST_TEST(same.difference->high >= 0.0);
    BOOST_TEST(value_of(same.candidate, metric) == value_of(same.champion, metric));
  }
}

BOOST_FIXTURE_TEST_CASE(a_difference_is_positive_where_the_candidate_is_better_whichever_way_the_metric_goes,
                        Judging) {
  const auto better = good(), worse = poor();
  for (const std::string metric : {"auc", "logloss"}) {
    const auto up = compare(better, worse, metric), down = compare(worse, better, metric);
    BOOST_TEST(up.difference->value > 0.0, metric);
    BOOST_TEST(down.difference->value < 0.0, metric);
    BOOST_TEST(up.difference->low <= up.difference->value, metric);
    BOOST_TEST(up.difference->value <= up.difference->high, metric);
    const double gain = value_of(up.candidate, metric) - value_of(up.champion, metric);
    BOOST_TEST(up.difference->value == (metric == "auc" ? gain : -gain), boost::test_tools::tolerance(1e-9));
  }
}

BOOST_FIXTURE_TEST_CASE(nothing_is_compared_on_the_test_slice_or_with_a_missing_model, Judging) {
  events::CompareJobT body;
  body.candidate = boxed(poor());
  BOOST_TEST(failure(job(body)) == "jobs.failed");
  body.champion = boxed(*body.candidate);
  for (const std::string slice : {"test", "train", ""}) {
    body.slice = slice;
    BOOST_TEST(failure(job(body)) == "jobs.failed", slice);
  }
}

BOOST_FIXTURE_TEST_CASE(a_quantised_model_is_smaller_and_scores_alike, Judging) {
  events::QuantizeJobT body;
  body.model = boxed(model(config("fm", {{"dim", "32"}}), 3));
  const auto quantized = value(job(body), &JobResultBodyUnion::AsQuantizeResult).model;
  BOOST_REQUIRE(quantized != nullptr);
  BOOST_TEST(quantized->id == body.model->id + "/int8");
  BOOST_TEST(quantized->bytes < body.model->bytes);
  BOOST_TEST(quantized->checkpoint != body.model->checkpoint);
  const auto against = compare(*quantized, *body.model);
  BOOST_TEST(std::abs(against.difference->value) < 0.02);
  BOOST_TEST(!std::isnan(value_of(quantized->metrics, "auc")));
  body.model = boxed(model(config("lr")));
  BOOST_TEST(failure(job(body)) == "serving.nothing_to_quantize");
}

BOOST_FIXTURE_TEST_CASE(a_report_sets_the_champion_against_baselines_that_it_trains_itself, Judging) {
  events::ReportJobT report;
  report.champion = boxed(good());
  report.seed = 2;
  for (const std::string method : {"popularity", "itemknn"}) {
    events::ModelRefT baseline;
    baseline.id = method;
    baseline.config = std::make_unique<events::TrialConfigT>(config(method));
    report.baselines.push_back(boxed(baseline));
  }
  report.baselines.push_back(boxed(poor()));
  for (const std::string metric : {"auc", "logloss"}) {
    auto what = job(report);
    what.metric = metric;
    const auto rows = value(what, &JobResultBodyUnion::AsReportResult).rows;
    BOOST_REQUIRE(rows.size() == 4u);
    BOOST_TEST(rows[0]->name == "champion");
    BOOST_TEST(!rows[0]->difference);
    BOOST_TEST(rows[1]->name == "popularity");
    BOOST_TEST(rows[2]->name == "itemknn");
    const double sign = metric == "auc" ? 1 : -1;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      BOOST_REQUIRE(rows[i]->difference != nullptr);
      const double gain = sign * (value_of(rows[0]->metrics, metric) - value_of(rows[i]->metrics, metric));
      BOOST_TEST(rows[i]->difference->value == gain, boost::test_tools::tolerance(1e-6));
    }
    BOOST_TEST(rows[3]->difference->value > 0.0);
  }
  report.baselines.push_back(boxed(events::ModelRefT{}));  // neither checkpoint nor configuration
  BOOST_TEST(failure(job(report)) == "jobs.failed");
  report.champion = nullptr;
  BOOST_TEST(failure(job(report)) == "jobs.failed");
}

BOOST_FIXTURE_TEST_CASE(models_that_rank_are_compared_and_reported_by_what_they_find_among_all_items,
                        Judging) {
  const auto good = model(config("itemknn")), bad = model(config("popularity"));
  for (const std::string metric : {"catalogue_ndcg10", "catalogue_mrr"}) {
    const auto up = compare(good, bad, metric), down = compare(bad, good, metric);
    BOOST_TEST(up.difference->name == metric);
    BOOST_TEST(up.difference->value == value_of(up.candidate, metric) - value_of(up.champion, metric),
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(up.difference->value != 0.0);
    BOOST_TEST(down.difference->value == -up.difference->value, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(!std::isnan(value_of(up.candidate, "auc")));
  }
  events::ReportJobT report;
  report.champion = boxed(good);
  report.baselines.push_back(boxed(bad));
  auto what = job(report);
  what.metric = "catalogue_recall10";
  const auto rows = value(what, &JobResultBodyUnion::AsReportResult).rows;
  BOOST_REQUIRE(rows.size() == 2u);
  for (const auto& row : rows)
    for (const auto& metric : row->metrics)
      if (metric->name == "catalogue_recall10") BOOST_TEST(metric->has_interval);
  BOOST_TEST(rows[1]->difference->name == "catalogue_recall10");
}

BOOST_FIXTURE_TEST_CASE(a_model_that_does_not_rank_is_not_judged_by_a_ranking, Judging) {
  events::CompareJobT body;
  body.candidate = boxed(model(config("popularity")));
  body.champion = boxed(poor());
  body.slice = "promotion";
  auto what = job(std::move(body));
  what.metric = "catalogue_ndcg10";
  BOOST_TEST(failure(what) == "jobs.does_not_rank");
}

BOOST_AUTO_TEST_SUITE_END()
