#include "storage/operations/artifacts_of.hpp"

#include <fcntl.h>
#include <flatbuffers/minireflect.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>

#include "storage/operations/files.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk_bytes = 1u << 20;

/// Visits every field of a table and keeps the texts of those that name artifacts.
class ArtifactFields final : public flatbuffers::IterationVisitor {
 public:
  explicit ArtifactFields(std::set<std::string>& names) : names_(names) {}
  void Field(std::size_t, std::size_t, flatbuffers::ElementaryType, bool, const flatbuffers::TypeTable*,
             const char* name, const std::uint8_t*) override {
    const std::string_view field = name ? name : "";
    wanted_ = field == "checkpoint" || field == "resume" || field == "resume_from";
  }
  void String(const flatbuffers::String* text) override {
    if (wanted_ && events::hash_from_hex(text->string_view())) names_.insert(text->str());
    wanted_ = false;
  }
  void StartSequence() override {}
  void EndSequence() override {}
  void UType(std::uint8_t, const char*) override {}
  void Bool(bool) override {}
  void Char(std::int8_t, const char*) override {}
  void UChar(std::uint8_t, const char*) override {}
  void Short(std::int16_t, const char*) override {}
  void UShort(std::uint16_t, const char*) override {}
  void Int(std::int32_t, const char*) override {}
  void UInt(std::uint32_t, const char*) override {}
  void Long(std::int64_t) override {}
  void ULong(std::uint64_t) override {}
  void Float(float) override {}
  void Double(double) override {}
  void Unknown(const std::uint8_t*) override {}
  void StartVector() override {}
  void EndVector() override {}
  void Element(std::size_t, flatbuffers::ElementaryType, const flatbuffers::TypeTable*,
               const std::uint8_t*) override {}

 private:
  std::set<std::string>& names_;
  bool wanted_ = false;
};

/// Copies the content; whether it has the hash that it is named by.
Result<bool> copy_content(const Descriptor& source, const fs::path& from, const Descriptor& target,
                          const fs::path& to, const std::string& name, std::uint64_t& bytes) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 32);
  events::Bytes chunk(chunk_bytes);
  for (;;) {
    const ssize_t got = ::read(source.number(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error(errno, "read the artifact", from));
    if (got == 0) break;
    const events::ByteView part(chunk.data(), static_cast<std::size_t>(got));
    crypto_generichash_update(&state, part.data(), part.size());
    if (auto written = write_all(target, part, to); !written) return fail(written.error());
    bytes += part.size();
  }
  if (auto synced = sync_file(target, to); !synced) return fail(synced.error());
  events::Hash256 hash;
  crypto_generichash_final(&state, hash.data(), hash.size());
  return events::hex(hash) == name;
}

Result<std::uint64_t> copy_one(const std::string& name, const fs::path& from, const fs::path& to) {
  const Descriptor source(::open((from / name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return fail(system_error(errno, "read the artifact", from / name));
  auto staged = Staged::file(to / name);
  if (!staged) return fail(staged.error());
  const Descriptor target(::open(staged->path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!target) return fail(system_error(errno, "create the artifact", staged->path()));
  std::uint64_t bytes = 0;
  const auto intact = copy_content(source, from / name, target, staged->path(), name, bytes);
  if (!intact) return fail(intact.error());
  if (!*intact)
    return fail("storage.corrupt", "the artifact's content does not have its hash", (from / name).string(),
                "remove it, and train or import again what it came from");
  if (auto published = staged->publish(); !published) return fail(published.error());
  return bytes;
}

}  // namespace

void add_artifacts_of(const events::EventT& event, std::set<std::string>& names) {
  const events::Bytes packed = events::pack(event);
  ArtifactFields fields(names);
  flatbuffers::IterateFlatBuffer(packed.data(), events::EventTypeTable(), &fields);
}

Result<CopiedArtifacts> copy_artifacts(const std::set<std::string>& names, const fs::path& from,
                                       const fs::path& to, const Watch& watch) {
  CopiedArtifacts copied;
  if (names.empty()) return copied;
  std::error_code failed;
  if (!fs::is_directory(to, failed) && !fs::create_directory(to, failed))
    return fail(system_error(failed.value(), "create the artifacts' directory", to));
  std::uint64_t done = 0;
  for (const std::string& name : names) {
    if (auto on = go_on(watch, {"copying artifacts", done++, names.size(), "artifacts"}); !on)
      return fail(on.error());
    if (!fs::is_regular_file(from / name, failed)) {
      copied.missing.push_back(name);
      continue;
    }
    ++copied.count;
    if (fs::exists(to / name, failed)) continue;
    const auto bytes = copy_one(name, from, to);
    if (!bytes) return fail(bytes.error());
    copied.bytes += *bytes;
  }
  return copied;
}

}  // namespace automodel::storage
