// TrainJob through the executor, and everything that can be wrong with a job.
#include "storage/artifact_store.hpp"
#include "world.hpp"

using namespace automodel;
using namespace automodel::test;

BOOST_AUTO_TEST_SUITE(training_jobs)

BOOST_FIXTURE_TEST_CASE(a_training_leaves_a_checkpoint_and_what_is_needed_to_go_on, World) {
  const auto trained = train(training(config("fm", {{"dim", "4"}}), 2));
  const auto artifacts = storage::ArtifactStore::open(environment().artifacts);
  BOOST_TEST(artifacts->has(trained.checkpoint));
  BOOST_TEST(artifacts->has(trained.resume));
  BOOST_TEST(trained.bytes == artifacts->get(trained.checkpoint)->size());
  BOOST_TEST(trained.epochs.size() == 2u);
  BOOST_TEST(trained.rows == 2 * data.train_rows);
  BOOST_TEST(trained.parameters > 0u);
  BOOST_TEST(seen == (std::vector<std::uint32_t>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(value_of(trained.metrics, "auc") > 0.5);
}

BOOST_FIXTURE_TEST_CASE(a_resumed_training_ends_where_an_uninterrupted_one_does, World) {
  const auto what = config("fm", {{"dim", "4"}});
  const auto whole = train(training(what, 3));
  auto first = training(what, 1);
  auto second = training(what, 3);
  second.resume_from = train(first).resume;
  seen.clear();
  const auto resumed = train(second);
  BOOST_TEST(seen == (std::vector<std::uint32_t>{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(resumed.rows == 2 * data.train_rows);
  BOOST_TEST(resumed.checkpoint == whole.checkpoint);  // named by content: the same weights, bit for bit
}

BOOST_FIXTURE_TEST_CASE(progress_that_says_no_ends_a_training_with_what_it_has, World) {
  stop_at = 2;
  const auto trained = train(training(config("lr"), 6));
  BOOST_TEST(trained.stopped);
  BOOST_TEST(trained.epochs.size() == 2u);
  BOOST_TEST(!trained.checkpoint.empty());
}

BOOST_FIXTURE_TEST_CASE(a_feature_is_part_of_the_model, World) {
  const auto with = train(training(config("lr", {}, {"mean(label | item)"}), 2));
  const auto without = train(training(config("lr"), 2));
  BOOST_TEST(with.parameters > without.parameters);
}

BOOST_FIXTURE_TEST_CASE(a_data_set_that_is_not_there_or_changed_is_a_failure, World) {
  auto what = job(training(config("lr"), 1));
  what.data->name = "other";
  BOOST_TEST(failure(what) == "data.not_a_dataset");
  what.data->name = "../data/small";
  BOOST_TEST(failure(what) == "data.bad_name");
  what.data = nullptr;
  BOOST_TEST(failure(what) == "jobs.failed");
  what.data = std::make_unique<events::DataRefT>(data.ref());
  BOOST_TEST(!execute(what).failure);
  data.import(1500, 8);  // under the same name, while the old one is still open here
  BOOST_TEST(failure(what) == "data.changed");
}

BOOST_FIXTURE_TEST_CASE(a_bad_label_split_or_ratio_is_a_failure, World) {
  auto what = job(training(config("lr"), 1));
  what.data->label = "rating>=";
  BOOST_TEST(failure(what) == "data.bad_label");
  what.data->label = "stars>=4";
  BOOST_TEST(failure(what) == "data.bad_label");
  what.data->label = "rating>=4";
  what.data->ratios = {0.9, 0.2, 0.1};
  BOOST_TEST(failure(what) == "data.bad_ratios");
  what.data->ratios = {};  // the usual ones
  BOOST_TEST(!execute(what).failure);
  what.data->split = static_cast<events::SplitKind>(77);
  BOOST_TEST(failure(what) == "data.bad_split");
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_trained_is_a_failure_with_its_reason, World) {
  BOOST_TEST(failure(job(training(config("gbdt"), 1))) == "models.unknown_method");
  BOOST_TEST(failure(job(training(config("fm", {{"depth", "4"}}), 1))) == "models.unknown_setting");
  BOOST_TEST(failure(job(training(config("fm", {{"dim", "-4"}}), 1))) == "models.bad_setting");
  BOOST_TEST(failure(job(training(config("lr", {}, {"median(label | user)"}), 1))) == "features.syntax");
  BOOST_TEST(failure(job(training(config("lr", {}, {"count(shoe)"}), 1))) == "features.unknown_column");
  auto unknown_metric = job(training(config("lr"), 1));
  unknown_metric.metric = "accuracy";
  BOOST_TEST(failure(unknown_metric) == "evaluation.unknown_metric");
  BOOST_TEST(failure(job(events::TrainJobT{})) == "jobs.failed");
  events::JobT nothing = job(events::TrainJobT{});
  nothing.body.Reset();
  BOOST_TEST(failure(nothing) == "jobs.failed");
}

BOOST_FIXTURE_TEST_CASE(a_learning_rate_that_explodes_is_a_failure_and_not_a_model, World) {
  const auto what =
      config("dcnv2", {{"lr", "10"}, {"layers", "16"}, {"hidden", "64"}, {"batch", "64"}, {"dim", "8"}});
  BOOST_TEST(failure(job(training(what, 5))) == "jobs.nan");
}

BOOST_FIXTURE_TEST_CASE(resuming_from_nothing_or_from_another_training_is_a_failure, World) {
  const auto what = config("fm", {{"dim", "4"}});
  auto missing = training(what, 2);
  missing.resume_from = std::string(64, 'a');
  BOOST_TEST(failure(job(missing)) == "storage.no_such_artifact");
  const auto trained = train(training(what, 1));
  auto finished = training(what, 2);
  finished.resume_from = trained.checkpoint;
  BOOST_TEST(failure(job(finished)) == "training.bad_resume");
  auto other = training(config("fm", {{"dim", "8"}}), 2);
  other.resume_from = trained.resume;
  BOOST_TEST(failure(job(other)) == "training.bad_resume");
}

BOOST_AUTO_TEST_SUITE_END()
