// JSON lines: a header, one line for each record, an end. `body` is for people; `payload`, the packed event
// in base64, is what the hashes cover and what is read back.
#include <sodium.h>

#include <algorithm>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>

#include "events/evolution.hpp"
#include "storage/operations/history_forms.hpp"

namespace automodel::storage {

namespace {

using Json = nlohmann::json;

// The largest record, its base64 and its body at their longest; a file without line ends is not swallowed
// whole.
constexpr std::size_t max_line_bytes = 8 * events::max_message_bytes;

std::string base64(events::ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // its zero
  return text;
}

std::optional<events::Bytes> from_base64(const std::string& text) {
  events::Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, &end,
                        sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size())
    return std::nullopt;
  bytes.resize(length);
  return bytes;
}

events::ByteView bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Whether JSON can say it; nlohmann's own check, so that what is written is what is read.
bool is_utf8(const std::string& text) {
  const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return true;
  try {
    (void)Json(text).dump();
  } catch (const Json::type_error&) {
    return false;
  }
  return true;
}

/// The texts of an envelope that JSON cannot say, exactly: {"stream":"<base64>"}.
Json inexact(const std::vector<std::pair<const char*, const std::string*>>& texts) {
  Json exact = Json::object();
  for (const auto& [name, text] : texts)
    if (!is_utf8(*text)) exact[name] = base64(bytes_of(*text));
  return exact;
}

/// One line's fields. The first that is not as it should be is remembered; all of them must be known.
class Fields {
 public:
  explicit Fields(const Json& line) : line_(line) {
    if (const auto found = line.find("exact"); found != line.end()) {
      ++taken_;
      if (found->is_object())
        exact_ = &*found;
      else
        refuse("exact");
    }
  }
  std::uint64_t number(const char* name) {
    const Json* value = take(name);
    if (value && value->is_number_unsigned()) return value->get<std::uint64_t>();
    refuse(name);
    return 0;
  }
  std::uint64_t number_or_zero(const char* name) { return line_.contains(name) ? number(name) : 0; }
  std::int64_t time(const char* name) {
    const Json* value = take(name);
    const bool fits =
        value && value->is_number_integer() &&
        (!value->is_number_unsigned() ||
         value->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
    if (!fits) refuse(name);
    return fits ? value->get<std::int64_t>() : 0;
  }
  std::string text(const char* name, bool required) {
    const Json* value = take(name);
    if (!value && !required) return {};
    if (!value || !value->is_string()) {
      refuse(name);
      return {};
    }
    if (!exact_ || !exact_->contains(name)) return value->get<std::string>();
    ++exact_taken_;
    const Json& encoded = (*exact_)[name];
    const auto bytes =
        encoded.is_string() ? from_base64(encoded.get_ref<const std::string&>()) : std::nullopt;
    if (!bytes) refuse(name);
    return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
  }
  events::Hash256 hash(const char* name) {
    const auto parsed = events::hash_from_hex(text(name, true));
    if (!parsed) refuse(name);
    return parsed ? *parsed : events::Hash256{};
  }
  events::Bytes base64_bytes(const char* name) {
    auto bytes = from_base64(text(name, true));
    if (!bytes) refuse(name);
    return bytes ? std::move(*bytes) : events::Bytes();
  }
  const Json* value(const char* name) { return take(name); }

  Result<void> complete(const std::string& where) const {
    if (!wrong_.empty()) return fail(malformed("its '" + wrong_ + "' is missing or wrong", where));
    if (taken_ != line_.size() || (exact_ && exact_taken_ != exact_->size()))
      return fail(malformed("there is a field that does not belong there", where));
    return {};
  }

 private:
  const Json* take(const char* name) {
    const auto found = line_.find(name);
    if (found == line_.end()) return nullptr;
    ++taken_;
    return &*found;
  }
  void refuse(const char* name) {
    if (wrong_.empty()) wrong_ = name;
  }
  const Json& line_;
  const Json* exact_ = nullptr;
  std::string wrong_;
  std::size_t taken_ = 0;
  std::size_t exact_taken_ = 0;
};

class JsonReader final : public HistoryReader {
 public:
  JsonReader(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {}

  HistoryForm form() const override { return HistoryForm::json_lines; }
  std::string where() const override { return name_ + ":" + std::to_string(line_); }

  Result<void> start() {
    const auto line = read_line();
    if (!line || !line->is_object() || !line->contains("automodel_history"))
      return fail(malformed("this is no history", where()));
    Fields fields(*line);
    const std::uint64_t version = fields.number("automodel_history");
    if (version > history_version) return fail(newer_history(version, name_));
    header_.node = fields.text("node", true);
    header_.from = fields.number("from");
    header_.until = fields.number("until");
    header_.previous_commit = fields.hash("previous_commit_hash");
    if (auto complete = fields.complete(where()); !complete) return complete;
    last_ = {header_.from - 1, header_.previous_commit};
    if (version == 0) return fail(malformed("it has no version", where()));
    return check_header(header_, where());
  }

  Result<std::optional<events::Bytes>> next() override {
    const auto line = read_line();
    if (!line) return fail(line.error());
    if (!line->is_object()) return fail(malformed("the line is no JSON object", where()));
    if (line->contains("end")) return finish(*line);
    if (last_.last_sequence == header_.until)
      return fail(malformed("there are more records than its header says", where()));
    auto record = record_of(*line);
    if (!record) return fail(record.error());
    ++last_.last_sequence;
    return std::optional(std::move(*record));
  }

  Result<void> agrees(const events::Recorded& recorded) const override {
    const Json shown = Json::parse(events::to_json(recorded), nullptr, false);
    if (shown.is_discarded() || !shown.contains("body") || shown["body"] != body_)
      return fail(malformed("its 'body' is not what its 'payload' says", where()));
    return {};
  }

 private:
  Result<std::optional<events::Bytes>> finish(const Json& line) {
    Fields fields(line);
    const HistoryEnd end{fields.number("end"), fields.hash("commit_hash")};
    if (auto complete = fields.complete(where()); !complete) return fail(complete.error());
    if (auto fits = check_end(header_, end, last_, where()); !fits) return fail(fits.error());
    if (in_.peek() != std::istream::traits_type::eof()) {
      ++line_;
      return fail(malformed("something follows the end", where()));
    }
    return std::optional<events::Bytes>();
  }

  Result<events::Bytes> record_of(const Json& line) {
    Fields fields(line);
    events::Recorded head;
    head.sequence = fields.number("sequence");
    head.stream = fields.text("stream", true);
    head.version = fields.number("version");
    head.time = fields.time("time");
    head.correlation = fields.text("correlation", false);
    head.causation = fields.text("causation", false);
    head.epoch = fields.number("epoch");
    head.origin_node = fields.text("origin_node", false);
    head.origin_sequence = fields.number("origin_sequence");
    const std::string kind_text = fields.text("kind", true);
    const std::uint64_t version = fields.number_or_zero("kind_version");
    head.previous_hash = fields.hash("previous_hash");
    head.hash = fields.hash("hash");
    head.commit_hash = last_.commit_hash = fields.hash("commit_hash");
    const events::Bytes payload = fields.base64_bytes("payload");
    const Json* body = fields.value("body");
    body_ = body ? *body : Json();
    if (auto complete = fields.complete(where()); !complete) return fail(complete.error());
    const auto kind = events::kind_from_name(kind_text);
    if (!kind) return fail(malformed(kind.error().message, where()));
    if (version > 255) return fail(malformed("its 'kind_version' is missing or wrong", where()));
    if (payload.size() > events::max_message_bytes)
      return fail(malformed("its 'payload' is too long", where()));
    return events::encode_envelope_as(static_cast<std::uint16_t>(static_cast<std::uint64_t>(*kind) | version << 8),
                                      head, payload);
  }

  Result<Json> read_line() {
    ++line_;
    std::string text;
    auto& buffer = *in_.rdbuf();
    for (int c = buffer.sbumpc(); c != '\n'; c = buffer.sbumpc()) {
      if (c == std::istream::traits_type::eof())
        return fail(malformed(text.empty() ? "the file ends early" : "the line ends early", where()));
      text += static_cast<char>(c);
      if (text.size() > max_line_bytes) return fail(malformed("the line is too long", where()));
    }
    Json line = Json::parse(text, nullptr, false);
    if (line.is_discarded()) return fail(malformed("the line is no JSON", where()));
    return line;
  }

  std::istream& in_;
  std::string name_;
  std::uint64_t line_ = 0;
  HistoryEnd last_;
  Json body_;
};

}  // namespace

std::string json_header(const HistoryHeader& header) {
  nlohmann::ordered_json line = {{"automodel_history", history_version},
                                 {"node", header.node},
                                 {"from", header.from},
                                 {"until", header.until},
                                 {"previous_commit_hash", events::hex(header.previous_commit)}};
  if (const Json exact = inexact({{"node", &header.node}}); !exact.empty())
    line["exact"] = nlohmann::ordered_json(exact);
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string json_record(const events::Recorded& recorded, events::ByteView record) {
  events::Bytes scratch;
  const auto bytes = events::detail::aligned(record, scratch);
  const auto* envelope = flatbuffers::GetRoot<events::Envelope>(bytes.data());
  std::string line = events::to_json(recorded);
  line.pop_back();  // the closing brace
  const Json exact = inexact({{"stream", &recorded.stream},
                              {"correlation", &recorded.correlation},
                              {"causation", &recorded.causation},
                              {"origin_node", &recorded.origin_node}});
  if (!exact.empty()) line += ",\"exact\":" + exact.dump();
  // The version of the kind in which the payload is written; `body` is what this program makes of it.
  if (const auto version = events::version_of(envelope->kind()); version > 0)
    line += ",\"kind_version\":" + std::to_string(version);
  line += ",\"payload\":\"";
  line += base64({envelope->payload()->data(), envelope->payload()->size()});
  return line + "\"}\n";
}

std::string json_end(const HistoryEnd& end) {
  return nlohmann::ordered_json{{"end", end.last_sequence}, {"commit_hash", events::hex(end.commit_hash)}}
             .dump() +
         "\n";
}

Result<std::unique_ptr<HistoryReader>> read_json_lines(std::istream& in, std::string name) {
  auto reader = std::make_unique<JsonReader>(in, std::move(name));
  if (auto started = reader->start(); !started) return fail(started.error());
  return std::unique_ptr<HistoryReader>(std::move(reader));
}

}  // namespace automodel::storage
