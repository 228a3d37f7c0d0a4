#include "actors/cluster/work/artifacts_of.hpp"

namespace automodel::cluster {
namespace {

void add(std::set<std::string>& all, const std::string& hash) {
  if (!hash.empty()) all.insert(hash);
}
void add(std::set<std::string>& all, const std::unique_ptr<events::ModelRefT>& model) {
  if (model) add(all, model->checkpoint);
}

}  // namespace

std::set<std::string> artifacts_read(const events::JobT& job) {
  std::set<std::string> all;
  const auto& body = job.body;
  switch (body.type) {
    case events::JobBody::TrainJob:
      add(all, body.AsTrainJob()->resume_from);
      break;
    case events::JobBody::MeasureJob:
      add(all, body.AsMeasureJob()->model);
      break;
    case events::JobBody::CompareJob:
      add(all, body.AsCompareJob()->candidate);
      add(all, body.AsCompareJob()->champion);
      break;
    case events::JobBody::QuantizeJob:
      add(all, body.AsQuantizeJob()->model);
      break;
    case events::JobBody::ReportJob:
      add(all, body.AsReportJob()->champion);
      for (const auto& baseline : body.AsReportJob()->baselines) add(all, baseline);
      break;
    case events::JobBody::ProfileJob:
    case events::JobBody::ScreenJob:
    case events::JobBody::NONE:
      break;
  }
  return all;
}

std::set<std::string> artifacts_made(const events::JobResultT& result) {
  std::set<std::string> all;
  if (const auto* trained = result.body.AsTrainResult()) {
    add(all, trained->checkpoint);
    add(all, trained->resume);
  }
  if (const auto* quantized = result.body.AsQuantizeResult()) add(all, quantized->model);
  return all;
}

}  // namespace automodel::cluster
