// What the parent of a training's processes and its workers leave for each other.
#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/automodel/train_group.hpp"

namespace automodel::tools {
namespace {

constexpr const char* kState = "state";
constexpr const char* kEpoch = "epoch";

std::string failure_of(std::uint32_t rank) { return "failure-" + std::to_string(rank); }

std::optional<std::string> read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

/// Whole or not at all, whenever the writer dies.
Result<void> Workplace::write(const std::string& name, const std::string& bytes) const {
  const auto path = directory_ / name, unfinished = directory_ / (name + ".new");
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(unfinished, path, error);
  if (!out || error)
    return fail("train.no_state", "cannot keep the training's state", path.string(),
                "set TMPDIR to where there is room");
  return {};
}

Result<std::string> Workplace::state() const {
  const auto path = directory_ / kState;
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return std::string();
  auto bytes = read(path);
  if (!bytes) return fail("train.no_state", "cannot read the training's state", path.string());
  return std::move(*bytes);
}

Result<void> Workplace::keep(const std::string& state) const { return write(kState, state); }

std::uint32_t Workplace::epoch() const {
  const auto text = read(directory_ / kEpoch).value_or("0");
  std::uint32_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Result<void> Workplace::finished(std::uint32_t epoch) const { return write(kEpoch, std::to_string(epoch)); }

std::optional<Error> Workplace::failure(std::uint32_t rank) const {
  const auto text = read(directory_ / failure_of(rank));
  if (!text) return std::nullopt;
  const auto fields = nlohmann::json::parse(*text, nullptr, false);
  if (fields.is_discarded()) return std::nullopt;
  const auto field = [&](const char* name) { return fields.value(name, std::string()); };
  return Error{field("code"), field("message"), field("where"), field("hint")};
}

Result<void> Workplace::failed(std::uint32_t rank, const Error& error) const {
  const nlohmann::json fields = {
      {"code", error.code}, {"message", error.message}, {"where", error.where}, {"hint", error.hint}};
  return write(failure_of(rank), fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void Workplace::forget_failures() const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, ignored))
    if (entry.path().filename().string().starts_with("failure-"))
      std::filesystem::remove(entry.path(), ignored);
}

}  // namespace automodel::tools
