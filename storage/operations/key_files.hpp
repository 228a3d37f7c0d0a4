// Keys in files of their own: one line that says what it is, one of hexadecimal digits.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

/// What a file of keys holds, as its first line says and as people call it.
struct KeyKind {
  std::string_view head;  // "automodel ed25519 public key 1\n"
  std::string_view name;  // "public"
  bool secret = false;    // nobody but its owner may read or write the file
};

/// A new file, of mode 0600 where the key is secret; never overwrites. Errors: keys.exists, keys.io,
/// storage.full.
Result<void> save_key(const KeyKind& kind, events::ByteView key, const std::filesystem::path& file);
/// Fills `key`, all of it. Errors: keys.no_such_file, keys.readable_by_others (a secret one, which its mode
/// lets others read or change), keys.malformed, keys.io.
Result<void> load_key(const KeyKind& kind, std::span<std::uint8_t> key, const std::filesystem::path& file);
/// Makes a directory of mode 0700 where there is none. Errors: storage.no_such_directory (of the parent),
/// keys.io.
Result<void> make_key_directory(const std::filesystem::path& directory);
/// Errors: keys.exists.
Result<void> refuse_existing_key(const std::filesystem::path& file);
/// The error of a file that holds something else.
Error not_a_key(const KeyKind& kind, const std::filesystem::path& file);

}  // namespace automodel::storage
