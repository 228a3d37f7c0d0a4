#include "recsys/models/checkpoint.hpp"

#include <cstring>

#include <nlohmann/json.hpp>
#include <optional>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "recsys/models/upcast.hpp"

namespace automodel::recsys {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "AMMODEL2", kFirstMagic = "AMMODEL1";
constexpr std::size_t kFrame = 8 + 8 + 8;

std::string u64(std::uint64_t value) {
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i) out[static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i));
  return out;
}

std::uint64_t u64(std::string_view bytes) {
  std::uint64_t out = 0;
  for (int i = 7; i >= 0; --i)
    out = out << 8U | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return out;
}

tl::unexpected<Error> bad(std::string why) {
  return fail("serving.bad_checkpoint", "this is no whole model: " + std::move(why), {},
              "train it again, or restore the artifact from a backup");
}

std::size_t width(std::string_view type) { return type == "f32" ? 4 : 1; }

/// Bytes that a shape needs; nothing where it is negative or would overflow.
std::optional<std::size_t> size_of(const std::vector<std::int64_t>& shape, std::string_view type) {
  constexpr std::size_t kMost = std::size_t{1} << 40U;
  std::size_t bytes = width(type);
  for (const auto n : shape) {
    if (n < 0) return std::nullopt;
    if (n > 0 && bytes > kMost / static_cast<std::size_t>(n)) return std::nullopt;
    bytes *= static_cast<std::size_t>(n);
  }
  return bytes;
}

Result<void> read_head(const json& head, std::string_view tensors, Checkpoint& out) {
  head.at("kind").get_to(out.kind);
  head.at("method").get_to(out.method);
  head.at("settings").get_to(out.settings);
  head.at("label").get_to(out.label);
  head.at("features").get_to(out.features);
  if (head.contains("state")) out.state = head.at("state").dump();
  if (!head.at("inputs").is_null()) {
    auto inputs = InputSpec::from_json(head.at("inputs").dump());
    if (!inputs) return bad(inputs.error().message);
    out.inputs = std::move(*inputs);
  }
  if (head.contains("program")) {
    auto program = Program::from_json(head.at("program").dump());
    if (!program) return bad(program.error().message);
    out.program = std::move(*program);
  }
  out.description = head.value("description", "");
  for (const auto& entry : head.at("tensors")) {
    StoredTensor tensor{entry.at(0), entry.at(1), entry.at(2), {}};
    if (tensor.type != "f32" && tensor.type != "i8" && tensor.type != "u8") return bad("type " + tensor.type);
    const auto size = size_of(tensor.shape, tensor.type);
    if (!size || *size > tensors.size()) return bad("tensor " + tensor.name + " is longer than the file");
    tensor.bytes = tensors.substr(0, *size);
    tensors.remove_prefix(*size);
    out.tensors.push_back(std::move(tensor));
  }
  if (!tensors.empty()) return bad("bytes after the last tensor");
  return {};
}

constexpr std::string_view kGraphUsers = "graph.users", kGraphItems = "graph.items";

std::string bytes_of(const std::vector<std::uint32_t>& rows) {
  std::string out;
  for (const auto row : rows)
    for (int i = 0; i < 4; ++i) out += static_cast<char>(row >> (8 * i));
  return out;
}

/// Rows from 1 of a vocabulary; nothing where there are others.
std::optional<std::vector<std::uint32_t>> rows_of(std::string_view bytes, const Vocabulary& vocabulary) {
  if (bytes.size() % 4 != 0) return std::nullopt;
  std::vector<std::uint32_t> out;
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    std::uint32_t row = 0;
    for (int i = 3; i >= 0; --i)
      row = row << 8U | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    if (row == 0 || row >= vocabulary.rows()) return std::nullopt;
    out.push_back(row);
  }
  return out;
}

/// Takes the graph out of the tensors.
Result<void> take_graph(Checkpoint& out) {
  const auto *users = out.find(kGraphUsers), *items = out.find(kGraphItems);
  if (!users && !items) return {};
  if (!users || !items || users->type != "u8" || items->type != "u8")
    return bad("half of its graph is missing");
  auto first = rows_of(users->bytes, out.inputs.users), second = rows_of(items->bytes, out.inputs.items);
  if (!first || !second || first->size() != second->size()) return bad("its graph joins what is not there");
  out.inputs.graph = {std::move(*first), std::move(*second)};
  std::erase_if(out.tensors,
                [](const StoredTensor& t) { return t.name == kGraphUsers || t.name == kGraphItems; });
  return {};
}

}  // namespace

const StoredTensor* Checkpoint::find(std::string_view name) const {
  for (const auto& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

std::string write_checkpoint(const Checkpoint& checkpoint) {
  json head = {{"kind", checkpoint.kind},         {"method", checkpoint.method},
               {"settings", checkpoint.settings}, {"label", checkpoint.label},
               {"features", checkpoint.features}, {"tensors", json::array()}};
  head["inputs"] = checkpoint.program ? json::parse(checkpoint.inputs.to_json()) : json();
  if (checkpoint.program) head["program"] = json::parse(checkpoint.program->to_json());
  if (!checkpoint.description.empty()) head["description"] = checkpoint.description;
  if (!checkpoint.state.empty()) head["state"] = json::parse(checkpoint.state);
  std::vector<StoredTensor> graph;
  if (!checkpoint.inputs.graph.users.empty()) {
    graph.push_back(store(std::string(kGraphUsers), bytes_of(checkpoint.inputs.graph.users)));
    graph.push_back(store(std::string(kGraphItems), bytes_of(checkpoint.inputs.graph.items)));
  }
  for (const auto& t : checkpoint.tensors) head["tensors"].push_back({t.name, t.type, t.shape});
  for (const auto& t : graph) head["tensors"].push_back({t.name, t.type, t.shape});
  const auto text = head.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string out = std::string(kMagic) + u64(text.size()) + text;
  for (const auto& t : checkpoint.tensors) out += t.bytes;
  for (const auto& t : graph) out += t.bytes;
  return out + u64(XXH3_64bits(out.data(), out.size()));
}

Result<Checkpoint> read_checkpoint(std::string_view bytes) {
  const bool first = bytes.starts_with(kFirstMagic);
  if (bytes.size() < kFrame || (!first && !bytes.starts_with(kMagic)))
    return bad("it does not begin like one");
  const auto body = bytes.substr(0, bytes.size() - 8);
  if (XXH3_64bits(body.data(), body.size()) != u64(bytes.substr(body.size())))
    return bad("its checksum differs");
  const auto length = u64(body.substr(8, 8));
  if (length > body.size() - 16) return bad("its head is longer than the file");
  Checkpoint out;
  try {
    const auto head = json::parse(body.substr(16, length));
    if (auto read = read_head(head, body.substr(16 + length), out); !read) return fail(read.error());
  } catch (const json::exception& e) {
    return bad(e.what());
  }
  if (auto done = take_graph(out); !done) return fail(done.error());
  if (first) {
    if (auto done = upcast(out); !done) return bad(done.error().message);
  }
  return out;
}

StoredTensor store(std::string name, std::span<const float> values) {
  StoredTensor out{std::move(name), "f32", {static_cast<std::int64_t>(values.size())}, {}};
  out.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return out;
}

StoredTensor store(std::string name, std::string bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  return {std::move(name), "u8", {size}, std::move(bytes)};
}

void store_parameters(const Net& net, std::vector<StoredTensor>& out) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto& spec = net.parameters()[i];
    const auto data = net.data(i);
    out.push_back({spec.name, spec.int8 ? "i8" : "f32", spec.shape,
                   std::string(reinterpret_cast<const char*>(data.data()), data.size())});
  }
}

Result<void> check_parameters(const Checkpoint& checkpoint) {
  if (!checkpoint.program) return bad("it has no program");
  const auto assembled = assemble(*checkpoint.program, checkpoint.inputs);
  if (!assembled) return bad(assembled.error().message);
  for (const auto& spec : assembled->tensors) {
    const auto* tensor = checkpoint.find(spec.name);
    if (!tensor) return bad("parameter " + spec.name + " is missing");
    if (tensor->shape != spec.shape || tensor->type != (spec.int8 ? "i8" : "f32")) {
      return bad("parameter " + spec.name + " has another shape or type than its program says");
    }
  }
  return {};
}

void load_parameters(const Checkpoint& checkpoint, Net& net) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto* tensor = checkpoint.find(net.parameters()[i].name);
    std::memcpy(net.data(i).data(), tensor->bytes.data(), tensor->bytes.size());
  }
}

bool load_values(const Checkpoint& checkpoint, std::string_view name, std::span<float> out) {
  const auto* tensor = checkpoint.find(name);
  if (!tensor || tensor->type != "f32" || tensor->bytes.size() != out.size_bytes()) return false;
  std::memcpy(out.data(), tensor->bytes.data(), tensor->bytes.size());
  return true;
}

}  // namespace automodel::recsys
