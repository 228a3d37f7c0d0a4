#include "recsys/serving/scorer.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "recsys/models/checkpoint.hpp"
#include "recsys/models/counted.hpp"
#include "recsys/models/inference.hpp"
#include "recsys/models/threads.hpp"

namespace automodel::recsys {

/// Either a net with its encoder, or one of the baselines.
struct Scorer::Impl {
  std::string method;
  Dataset data;
  std::optional<FeatureEngine> features;
  std::optional<InputEncoder> encoder;  // refers to features
  std::optional<Net> net;
  std::optional<Counted> counted;
  bool ranks = false;  // of a net: many candidates of one row

  /// One of the methods that are counted, not trained.
  Result<void> count(const Checkpoint& checkpoint, std::span<const float> labels,
                     std::span<const std::uint32_t> train_rows);
};

namespace {

tl::unexpected<Error> bad(std::string why) {
  return fail("serving.bad_checkpoint", "this model cannot serve: " + std::move(why), {},
              "train it again with this version");
}

Result<Net> load_net(const Checkpoint& checkpoint, std::uint32_t threads) {
  if (auto same = check_parameters(checkpoint); !same) return fail(same.error());
  auto net = Net::compile(*checkpoint.program, checkpoint.inputs, threads);
  if (!net) {
    return net.error().code == "models.out_of_memory" ? Result<Net>(fail(net.error()))
                                                      : bad(net.error().message);
  }
  load_parameters(checkpoint, *net);
  return net;
}

}  // namespace

Result<void> Scorer::Impl::count(const Checkpoint& checkpoint, std::span<const float> labels,
                                 std::span<const std::uint32_t> train_rows) {
  const auto known = find_method(method);
  if (!known) return bad(known.error().message);
  if ((*known)->trained_by_gradient) return bad("it has no program");
  const auto settings = complete_settings(**known, checkpoint.settings);
  if (!settings) return bad(settings.error().message);
  auto made = Counted::fit(method, *settings, data, labels, train_rows);
  if (!made) return fail(made.error());
  counted = std::move(*made);
  return {};
}

Scorer::Scorer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scorer::Scorer(Scorer&&) noexcept = default;
Scorer& Scorer::operator=(Scorer&&) noexcept = default;
Scorer::~Scorer() = default;

Result<Scorer> Scorer::load(std::string_view bytes, const Dataset& data, std::span<const float> labels,
                            std::span<const std::uint32_t> train_rows, std::uint32_t threads) try {
  const auto checkpoint = read_checkpoint(bytes);
  if (!checkpoint) return fail(checkpoint.error());
  if (checkpoint->kind != "model") return bad("it is an unfinished training");

  auto impl = std::make_unique<Impl>();
  impl->method = checkpoint->method;
  impl->data = data;
  if (!checkpoint->program) {
    make_threads(std::max(1U, threads));
    if (auto counted = impl->count(*checkpoint, labels, train_rows); !counted) return fail(counted.error());
    return Scorer(std::move(impl));
  }
  auto net = load_net(*checkpoint, threads);
  if (!net) return fail(net.error());
  impl->net = std::move(*net);
  impl->ranks = checkpoint->program->ranks();
  auto features = FeatureEngine::create(data, labels, checkpoint->features, train_rows);
  if (!features) return fail(features.error());
  impl->features = std::move(*features);
  auto encoder = InputEncoder::bind(data, *impl->features, checkpoint->inputs);
  if (!encoder) return fail(encoder.error());
  impl->encoder = std::move(*encoder);
  return Scorer(std::move(impl));
} catch (const std::bad_alloc&) {
  return fail("models.out_of_memory", "not enough memory to load a model", data.name());
}

Result<std::vector<float>> Scorer::score_rows(std::span<const std::uint32_t> rows) const {
  if (impl_->net) return recsys::score_rows(*impl_->net, *impl_->encoder, rows);
  std::vector<float> out;
  for (const auto row : rows)
    out.push_back(impl_->counted->score(impl_->data.user()[row], impl_->data.item()[row]));
  return out;
}

Result<std::vector<float>> Scorer::score(std::uint32_t user, std::span<const std::uint32_t> items,
                                         std::int64_t now) const {
  std::vector<float> out(items.size());
  if (!impl_->net) {
    for (std::size_t i = 0; i < items.size(); ++i) out[i] = impl_->counted->score(user, items[i]);
    return out;
  }
  if (items.empty()) return out;
  Batch batch;
  if (impl_->ranks) {  // one look at the user for all candidates
    impl_->encoder->encode_candidates(user, items, now, batch);
  } else {
    impl_->encoder->encode_live(user, items, now, batch);
  }
  const auto scored = probabilities(*impl_->net, view(batch, impl_->encoder->spec(), 0, batch.rows), out);
  if (!scored) return fail(scored.error());
  return out;
}

bool Scorer::ranks() const { return !impl_->net || impl_->ranks; }

Result<std::vector<double>> Scorer::catalogue_ranks(std::span<const std::uint32_t> rows,
                                                    std::span<const float> labels,
                                                    std::span<const std::uint32_t> train_rows,
                                                    const OnRanked& on_ranked) const {
  if (!ranks()) return std::vector<double>{};
  const UserItems had(impl_->data, train_rows);
  const auto scores = impl_->net ? catalogue_scores(*impl_->net, *impl_->encoder)
                                 : impl_->counted->catalogue_scores(impl_->data);
  return recsys::catalogue_ranks(impl_->data, had, rows_to_rank(rows, labels, impl_->data.items()), scores,
                                 on_ranked);
}

Result<Metrics> Scorer::rank_catalogue(std::span<const std::uint32_t> rows, std::span<const float> labels,
                                       std::span<const std::uint32_t> train_rows,
                                       const OnRanked& on_ranked) const {
  if (!ranks()) return Metrics{};
  const auto found = catalogue_ranks(rows, labels, train_rows, on_ranked);
  if (!found) return fail(found.error());
  return catalogue_metrics(*found);
}

const std::string& Scorer::method() const { return impl_->method; }

std::uint64_t Scorer::bytes() const {
  if (impl_->counted) return impl_->counted->bytes();
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < impl_->net->parameters().size(); ++i)
    sum += std::as_const(*impl_->net).data(i).size();
  return sum;
}

}  // namespace automodel::recsys
