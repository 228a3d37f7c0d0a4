#include "actors/jobs/work.hpp"

namespace automodel::actors {

Result<events::TrainResultT> run_train(const Work& work, const events::TrainJobT& job) {
  if (!job.config) return fail("jobs.failed", "the job has no configuration", work.job.id);
  recsys::TrainOptions options;
  if (job.max_epochs > 0) options.max_epochs = job.max_epochs;
  if (job.patience > 0) options.patience = job.patience;
  options.threads = job.threads > 0 ? job.threads : work.environment.threads;
  if (!job.resume_from.empty()) {
    auto bytes = work.artifacts.get(job.resume_from);
    if (!bytes) return fail(bytes.error());
    options.resume.assign(bytes->begin(), bytes->end());
  }
  papers::Cards cards;
  for (const auto& card : job.cards)
    if (card) cards[card->name] = card->text;
  auto trained = train_config(work, *job.config, cards, options, [&](const recsys::EpochReport& report) {
    if (!work.progress) return true;
    events::JobProgressT progress;
    progress.job = work.job.id;
    progress.epoch = to_epoch(report);
    return work.progress(progress);
  });
  if (!trained) return fail(trained.error());
  events::TrainResultT out;
  auto checkpoint = work.artifacts.put(bytes_of(trained->checkpoint));
  if (!checkpoint) return fail(checkpoint.error());
  out.checkpoint = std::move(*checkpoint);
  if (!trained->resume.empty()) {
    auto resume = work.artifacts.put(bytes_of(trained->resume));
    if (!resume) return fail(resume.error());
    out.resume = std::move(*resume);
  }
  for (const auto& report : trained->epochs) out.epochs.push_back(to_epoch(report));
  out.metrics = to_metrics(trained->best);
  out.parameters = trained->parameters;
  out.bytes = trained->checkpoint.size();
  out.seconds = trained->seconds;
  out.rows = trained->rows;
  out.stopped = trained->stopped || trained->epochs.empty() || trained->epochs.back().epoch < options.max_epochs;
  return out;
}

}  // namespace automodel::actors
