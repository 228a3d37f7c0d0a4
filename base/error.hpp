// Errors as values. Every folder may include this header; it includes nothing of ours.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace automodel {

/// What went wrong, where, and what to do about it. This is the `error` object of `--json`.
/// `code` is "<folder>.<enumerator>", for example "data.malformed_rows": programs compare it, people read `message`.
struct Error {
  std::string code;
  std::string message;
  std::string where;
  std::string hint;

  friend bool operator==(const Error&, const Error&) = default;
};

/// One line for people: "MESSAGE (WHERE). HINT"
std::string to_string(const Error& error);

/// A value, or the reason why there is none.
template <class T>
using Result = tl::expected<T, Error>;

/// An error in the shape that every `Result` converts from:
/// `return fail("data.no_such_column", "no column 'x'", path, "columns are: a, b");`
inline tl::unexpected<Error> fail(std::string_view code, std::string message, std::string where = {}, std::string hint = {}) {
  return tl::unexpected<Error>(Error{std::string(code), std::move(message), std::move(where), std::move(hint)});
}

/// Hands an error on unchanged: `if (!x) return fail(x.error());`
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace automodel
