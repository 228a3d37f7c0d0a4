#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>

#include "actors/jobs/work.hpp"

namespace automodel::actors {

namespace {

/// Resident memory of this process, bytes.
std::uint64_t resident() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t all = 0, pages = 0;
  in >> all >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double percentile(std::vector<double> sorted, double share) {
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

Result<events::MeasureResultT> run_measure(const Work& work, const events::MeasureJobT& job) {
  const recsys::Dataset& data = work.data->data;
  if (!job.model || job.requests == 0 || job.candidates == 0 || data.rows() == 0)
    return fail("jobs.failed", "measuring needs a model, requests, candidates and rows", work.job.id);
  const std::uint64_t before = resident();
  auto loaded = load_model(work, *job.model);
  if (!loaded) return fail(loaded.error());
  const std::uint64_t after = resident();
  std::mt19937_64 random(job.seed);
  const std::int64_t now = data.time().back() + 1;
  std::vector<double> micros;
  constexpr std::uint32_t warm_up = 5;  // first requests fill caches and compile kernels
  for (std::uint32_t r = 0; r < job.requests + warm_up; ++r) {
    const auto user = static_cast<std::uint32_t>(random() % data.users());
    std::vector<std::uint32_t> items(job.candidates);
    for (std::uint32_t& item : items) item = static_cast<std::uint32_t>(random() % data.items());
    const auto start = std::chrono::steady_clock::now();
    if (auto scores = loaded->scorer.score(user, items, now); !scores) return fail(scores.error());
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (r >= warm_up) micros.push_back(took.count());
  }
  events::MeasureResultT out;
  out.serving = std::make_unique<events::ServingProfileT>();
  out.serving->p50_us = percentile(micros, 0.5);
  out.serving->p99_us = percentile(micros, 0.99);
  out.serving->candidates = job.candidates;
  out.serving->model_bytes = loaded->checkpoint_bytes;
  out.serving->memory_bytes = std::max(loaded->scorer.bytes(), after > before ? after - before : 0);
  return out;
}

Result<events::QuantizeResultT> run_quantize(const Work& work, const events::QuantizeJobT& job) {
  if (!job.model) return fail("jobs.failed", "the job has no model", work.job.id);
  auto bytes = work.artifacts.get(job.model->checkpoint);
  if (!bytes) return fail(bytes.error());
  auto quantized = recsys::quantize_embeddings(
      std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
  if (!quantized) return fail(quantized.error());
  auto stored = work.artifacts.put(bytes_of(*quantized));
  if (!stored) return fail(stored.error());
  events::QuantizeResultT out;
  out.model = std::make_unique<events::ModelRefT>(*job.model);
  out.model->id += "/int8";
  out.model->checkpoint = std::move(*stored);
  out.model->bytes = quantized->size();
  auto scored = score(work, *out.model, work.data->split.tuning);
  if (!scored) return fail(scored.error());
  out.model->metrics = to_metrics(metrics_of(*scored));
  return out;
}

}  // namespace automodel::actors
