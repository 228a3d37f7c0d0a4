#include "actors/cluster/work/artifacts_of.hpp"

#include <boost/test/unit_test.hpp>

using namespace automodel;
using namespace automodel::cluster;
using Hashes = std::set<std::string>;

namespace {

std::unique_ptr<events::ModelRefT> model(const std::string& checkpoint) {
  auto made = std::make_unique<events::ModelRefT>();
  made->checkpoint = checkpoint;
  return made;
}

template <class T>
events::JobT job_of(T body) {
  events::JobT job;
  job.body.Set(std::move(body));
  return job;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(artifacts_of)

BOOST_AUTO_TEST_CASE(a_training_reads_the_checkpoint_that_it_goes_on_from) {
  events::TrainJobT train;
  BOOST_TEST(artifacts_read(job_of(train)).empty());
  train.resume_from = "half";
  BOOST_TEST((artifacts_read(job_of(train)) == Hashes{"half"}));
}

BOOST_AUTO_TEST_CASE(measuring_comparing_and_reporting_read_every_model_that_they_name) {
  events::MeasureJobT measure;
  measure.model = model("m");
  BOOST_TEST((artifacts_read(job_of(std::move(measure))) == Hashes{"m"}));
  events::CompareJobT compare;
  compare.candidate = model("new");
  compare.champion = model("old");
  BOOST_TEST((artifacts_read(job_of(std::move(compare))) == Hashes{"new", "old"}));
  events::QuantizeJobT quantize;
  quantize.model = model("big");
  BOOST_TEST((artifacts_read(job_of(std::move(quantize))) == Hashes{"big"}));
  events::ReportJobT report;
  report.champion = model("best");
  report.baselines.push_back(model("lr"));
  report.baselines.push_back(model(""));  // trained anew for the report
  BOOST_TEST((artifacts_read(job_of(std::move(report))) == Hashes{"best", "lr"}));
}

BOOST_AUTO_TEST_CASE(a_training_hands_over_its_best_and_its_last_checkpoint) {
  events::TrainResultT trained;
  trained.checkpoint = "best";
  trained.resume = "last";
  events::JobResultT result;
  result.body.Set(trained);
  BOOST_TEST((artifacts_made(result) == Hashes{"best", "last"}));
  BOOST_TEST(artifacts_made(events::JobResultT{}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
