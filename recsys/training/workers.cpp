#include "recsys/training/workers.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>
#include <system_error>

#include "recsys/models/kernels.hpp"
#include "recsys/models/replica.hpp"
#include "recsys/models/threads.hpp"
#include "recsys/training/exchange.hpp"
#include "recsys/training/lazy_rows.hpp"
#include "recsys/training/thread_pool.hpp"

namespace automodel::recsys {
namespace {

/// Rows that one pass goes over: what it computes should stay in the cache.
constexpr std::size_t kPiece = 1024;
/// Weights that a thread takes at a time.
constexpr std::size_t kBlock = 4096;
constexpr std::size_t kRowBlock = 256;  // rows of a lazy table

std::size_t part(std::size_t whole, std::size_t number, std::size_t parts) { return whole * number / parts; }

}  // namespace

struct Workers::Impl {
  const Program& program;
  const InputSpec& inputs;
  Net& net;
  std::vector<Replica> replicas;
  std::unique_ptr<ThreadPool> pool;

  struct Part {
    std::vector<float> logits, gradient;
    std::vector<float> sum;  // of the gradients of a block; has all memory that it needs
    double loss = 0;
    Result<void> done;
  };
  std::vector<Part> parts;

  std::vector<LazyTable> lazy;
  SkippedSteps skipped;
  std::optional<TouchedRows> touched;  // where there are lazy tables

  std::optional<Exchange> exchange;    // with other processes
  std::vector<SparseTable> sparse;     // tables that are not stepped lazily: their touched rows are sent
  std::optional<TouchedRows> to_send;

  Impl(const Program& p, const InputSpec& i, Net& n) : program(p), inputs(i), net(n) {}
  void draw_noise(Replica& replica, std::size_t first, std::size_t count, std::uint64_t seed,
                  std::uint64_t step) const;
  Result<void> differentiate(std::uint32_t number, const Rows& batch, const Targets& targets,
                             std::uint64_t seed, std::uint64_t step);
  void step_weights(std::uint32_t number, std::vector<AdamState>& moments, const AdamStep& step);
  std::span<const float> gradient_of(std::size_t index, std::size_t first, std::size_t count,
                                     std::vector<float>& sum) const;
  std::size_t gradient_size(std::size_t index) const;
  Result<double> add_up(const Result<double>& loss);
  Result<double> own_loss() const;
  std::vector<SparseTable> tables_of_fields() const;
  void add_lazy_tables();
  void add_sparse_tables();
  void bring_rows(std::vector<AdamState>& moments, std::uint64_t step);
  void step_rows(std::uint32_t number, std::vector<AdamState>& moments, const AdamStep& sizes,
                 std::uint64_t step);
  bool is_lazy(std::size_t index) const {
    return std::any_of(lazy.begin(), lazy.end(),
                       [&](const LazyTable& table) { return table.index == index; });
  }
};

Workers::Workers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Workers::Workers(Workers&&) noexcept = default;
Workers& Workers::operator=(Workers&&) noexcept = default;
Workers::~Workers() = default;

Result<Workers> Workers::make(const Program& program, const InputSpec& inputs, Net& net,
                              std::uint32_t threads, float l2, std::size_t lazy_from, Collective* group) {
  auto impl = std::make_unique<Impl>(program, inputs, net);
  if (group) impl->exchange.emplace(*group);
  threads = std::max(1U, threads);
  for (std::uint32_t i = 0; i < threads; ++i) {
    auto replica = Replica::make(program, inputs, net);
    if (!replica) return fail(replica.error());
    impl->replicas.push_back(std::move(*replica));
  }
  impl->parts.resize(threads);
  if (l2 == 0 && !program.penalised && inputs.table_rows >= lazy_from) impl->add_lazy_tables();
  // A penalty has a gradient by every row.
  if (group && !program.penalised && impl->lazy.empty()) impl->add_sparse_tables();
  std::size_t most = kBlock;
  for (const auto& table : impl->lazy) most = std::max(most, kRowBlock * table.width);
  for (auto& one : impl->parts) one.sum.reserve(most);
  try {
    impl->pool = std::make_unique<ThreadPool>(threads, [] { make_threads(1); });
  } catch (const std::system_error& error) {
    return fail("models.out_of_memory", std::string("no thread to train with: ") + error.what(), {},
                "train with fewer threads");
  }
  return Workers(std::move(impl));
}

/// Inverted dropout (Srivastava et al., JMLR 2014, section 10). A unit has a byte of random bits, so the rate
/// is rounded to 1/256, and what is kept is scaled by exactly the share that is kept.
void Workers::Impl::draw_noise(Replica& replica, std::size_t first, std::size_t count, std::uint64_t seed,
                               std::uint64_t step) const {
  for (std::size_t i = 0; i < program.noise.size(); ++i) {
    const auto& noise = program.noise[i];
    const auto width = static_cast<std::size_t>(noise.width);
    auto* const out = replica.mask(i, count).data();
    const auto number = static_cast<std::uint32_t>(step), stream = static_cast<std::uint32_t>(i);
    if (noise.kind == NoiseSpec::normal) {
      kernels::draw_normal(out, first, count, width, seed, number, stream);
      continue;
    }
    const auto cut = static_cast<std::uint32_t>(std::lround(noise.rate * 256));
    kernels::draw_mask(out, first, count, width, cut, seed, number, stream);
  }
}

/// In the order of their indices.
std::vector<SparseTable> Workers::Impl::tables_of_fields() const {
  std::vector<SparseTable> out;
  const auto& tensors = net.parameters();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (const auto& look_up : program.look_ups) {
      if (!look_up.of_ids() && tensors[i].name == look_up.name + "_table")
        out.push_back({i, static_cast<std::size_t>(look_up.width())});
    }
  }
  return out;
}

void Workers::Impl::add_lazy_tables() {
  for (const auto& [index, width] : tables_of_fields()) lazy.push_back({index, width, {}, {}});
  if (!lazy.empty()) touched.emplace(inputs.table_rows);
}

void Workers::Impl::add_sparse_tables() {
  sparse = tables_of_fields();
  if (!sparse.empty()) to_send.emplace(inputs.table_rows);
}

void Workers::begin(std::uint64_t steps) {
  for (auto& table : impl_->lazy)
    table.last.assign(impl_->inputs.table_rows, static_cast<std::uint32_t>(steps));
}

void Workers::end(std::vector<AdamState>& moments, std::uint64_t steps, float rate) {
  if (impl_->lazy.empty()) return;
  impl_->skipped.begin(steps + 1, rate);
  impl_->pool->run([&](std::uint32_t number) {
    for (auto& table : impl_->lazy) {
      const auto last = part(table.last.size(), number + 1, impl_->pool->size());
      for (auto row = part(table.last.size(), number, impl_->pool->size()); row < last; ++row)
        table.catch_up(row, impl_->net.values(table.index), moments[table.index], impl_->skipped, steps + 1);
    }
  });
  impl_->skipped = {};
}

/// The rows that the batch touches, as they are before the step, side by side.
void Workers::Impl::bring_rows(std::vector<AdamState>& moments, std::uint64_t step) {
  const auto& rows = touched->rows();
  for (auto& table : lazy) table.rows.resize(rows.size() * table.width);
  pool->run([&](std::uint32_t number) {
    for (auto& table : lazy) {
      const auto weights = net.values(table.index);
      const auto last = part(rows.size(), number + 1, pool->size());
      for (auto i = part(rows.size(), number, pool->size()); i < last; ++i) {
        if (i + LazyTable::kAhead < last)
          table.expect(rows[i + LazyTable::kAhead], weights, moments[table.index]);
        table.catch_up(rows[i], weights, moments[table.index], skipped, step);
        std::copy_n(weights.data() + rows[i] * table.width, table.width, table.rows.data() + i * table.width);
      }
    }
  });
  for (auto& table : lazy) {
    for (auto& replica : replicas) replica.use_rows(table.index, table.rows);
  }
}

void Workers::Impl::step_rows(std::uint32_t number, std::vector<AdamState>& moments, const AdamStep& sizes,
                              std::uint64_t step) {
  const auto& rows = touched->rows();
  auto& sum = parts[number].sum;
  for (auto& table : lazy) {
    const auto width = table.width;
    auto& [first_moments, second_moments] = moments[table.index];
    const auto weights = net.values(table.index);
    const auto end = part(rows.size(), number + 1, pool->size());
    for (auto first = part(rows.size(), number, pool->size()); first < end; first += kRowBlock) {
      const auto count = std::min(kRowBlock, end - first);
      const auto gradient = gradient_of(table.index, first * width, count * width, sum);
      if (gradient.empty()) break;
      for (std::size_t i = 0; i < count; ++i) {
        if (i + LazyTable::kAhead < count)
          table.expect(rows[first + i + LazyTable::kAhead], weights, moments[table.index]);
        const auto row = rows[first + i] * width;
        adam_step(weights.subspan(row, width), gradient.subspan(i * width, width),
                  std::span(first_moments).subspan(row, width), std::span(second_moments).subspan(row, width),
                  sizes);
        table.last[rows[first + i]] = static_cast<std::uint32_t>(step);
      }
    }
  }
}

Result<void> Workers::Impl::differentiate(std::uint32_t number, const Rows& batch, const Targets& targets,
                                          std::uint64_t seed, std::uint64_t step) {
  auto& replica = replicas[number];
  auto& own = parts[number];
  own.loss = 0;
  replica.clear();
  // The threads of all processes, in the order of ranks.
  const std::uint32_t rank = exchange ? exchange->group().rank() : 0;
  const auto thread = rank * pool->size() + number;
  const auto threads = (exchange ? exchange->group().size() : 1) * pool->size();
  const auto end = part(batch.rows, thread + 1, threads);
  for (auto first = part(batch.rows, thread, threads), count = first; first < end; first += count) {
    // What goes over a whole graph goes over it once.
    count = program.sources.graph ? end - first : std::min(kPiece, end - first);
    draw_noise(replica, first, count, seed, step);
    own.logits.resize(count * batch.candidates);
    own.gradient.resize(own.logits.size());
    if (auto done = replica.forward(batch.part(first, count), own.logits); !done) return done;
    own.loss += loss_and_gradient(program.loss, targets.part(first, count), own.logits, own.gradient);
    // The gradient is of the mean over these rows.
    const auto share = static_cast<float>(count) / static_cast<float>(batch.rows);
    for (auto& g : own.gradient) g *= share;
    if (auto done = replica.backward(own.gradient, 1 / static_cast<float>(batch.rows)); !done) return done;
  }
  return thread == 0 ? replica.penalise() : Result<void>();
}

Result<double> Workers::differentiate(const Batch& batch, const Targets& targets,
                                      std::vector<AdamState>& moments, std::uint64_t seed, std::uint64_t step,
                                      float rate) {
  auto rows = view(batch, impl_->inputs, 0, batch.rows);
  if (impl_->touched) {
    impl_->skipped.begin(step, rate);
    impl_->touched->number(rows);
    impl_->bring_rows(moments, step);
  }
  if (impl_->to_send) {
    auto numbered = rows;
    impl_->to_send->number(numbered);
  }
  impl_->pool->run([&](std::uint32_t number) {
    try {
      impl_->parts[number].done = impl_->differentiate(number, rows, targets, seed, step);
    } catch (const std::bad_alloc&) {
      impl_->parts[number].done = fail("models.out_of_memory", "not enough memory", "a step of training",
                                       "try a smaller batch or dim");
    }
  });
  const auto loss = impl_->own_loss();
  return impl_->exchange ? impl_->add_up(loss) : loss;
}

Result<double> Workers::Impl::own_loss() const {
  double loss = 0;
  for (const auto& one : parts) {
    if (!one.done) return fail(one.done.error());
    loss += one.loss;
  }
  return loss;
}

/// Of a lazy table, only the rows that the batch touches: they are the same everywhere.
std::size_t Workers::Impl::gradient_size(std::size_t index) const {
  for (const auto& table : lazy)
    if (table.index == index) return table.rows.size();
  return net.values(index).size();
}

/// What all processes found, given what this one did. Gives the sum of their losses.
Result<double> Workers::Impl::add_up(const Result<double>& loss) {
  const auto tensors = net.parameters().size();
  std::vector<std::size_t> sizes(tensors);
  std::string found(tensors, '\0');
  for (std::size_t i = 0; i < tensors; ++i) {
    sizes[i] = gradient_size(i);
    for (const auto& replica : replicas)
      if (!replica.gradient(i).empty()) found[i] = 1;
  }
  const auto sum = exchange->begin(loss, found, sizes);
  if (!sum) return fail(sum.error());
  const auto add = [&](std::uint32_t number) {
    for (std::size_t i = 0; i < tensors; ++i) {
      const auto to = exchange->own(i);
      const auto first = part(to.size(), number, pool->size());
      const auto count = part(to.size(), number + 1, pool->size()) - first;
      for (const auto& replica : replicas) {
        const auto from = replica.gradient(i);
        if (!to.empty() && !from.empty()) kernels::add(to.data() + first, from.data() + first, count);
      }
    }
  };
  const auto rows = to_send ? std::span(to_send->rows()) : std::span<const std::uint32_t>();
  if (auto done = exchange->add_up(sparse, rows, pool->size(), [&] { pool->run(add); }); !done)
    return fail(done.error());
  return sum;
}

/// What all replicas found, added in their order, for `count` numbers from `first` of a tensor; empty where
/// the loss does not depend on it. `sum` is where it is put together.
std::span<const float> Workers::Impl::gradient_of(std::size_t index, std::size_t first, std::size_t count,
                                                  std::vector<float>& sum) const {
  if (exchange) {
    const auto all = exchange->gradient(index);
    return all.empty() ? all : all.subspan(first, count);
  }
  std::span<const float> out;
  for (const auto& replica : replicas) {
    const auto found = replica.gradient(index);
    if (found.empty()) continue;
    if (out.empty()) {
      out = found.subspan(first, count);
      continue;
    }
    if (out.data() != sum.data()) {
      sum.assign(out.begin(), out.end());
      out = sum;
    }
    kernels::add(sum.data(), found.data() + first, count);
  }
  return out;
}

/// Every thread takes a part of every tensor, in blocks.
void Workers::Impl::step_weights(std::uint32_t number, std::vector<AdamState>& moments,
                                 const AdamStep& step) {
  auto& sum = parts[number].sum;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    if (is_lazy(i)) continue;
    const auto weights = net.values(i);
    const auto end = part(weights.size(), number + 1, pool->size());
    for (auto first = part(weights.size(), number, pool->size()); first < end; first += kBlock) {
      const auto count = std::min(kBlock, end - first);
      const auto gradient = gradient_of(i, first, count, sum);
      if (gradient.empty()) break;
      adam_step(weights.subspan(first, count), gradient, std::span(moments[i].first).subspan(first, count),
                std::span(moments[i].second).subspan(first, count), step);
    }
  }
}

void Workers::take_step(std::vector<AdamState>& moments, std::uint64_t step, float rate, float l2) {
  const auto sizes = AdamStep::of(step, rate, l2);
  impl_->pool->run([&](std::uint32_t number) {
    impl_->step_weights(number, moments, sizes);
    if (impl_->touched) impl_->step_rows(number, moments, sizes, step);
  });
}

}  // namespace automodel::recsys
