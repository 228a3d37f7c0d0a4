#include "recsys/data/csv.hpp"

#include <algorithm>

namespace automodel::recsys {

RecordReader::RecordReader(std::string_view text, std::string separator, bool quoted)
    : text_(text), separator_(std::move(separator)), quoted_(quoted) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);  // byte order mark
}

std::string_view RecordReader::line_at(std::size_t at) const {
  return text_.substr(at, text_.find('\n', at) - at);  // npos - at: up to the end
}

/// Reads a field that begins with a quote at `at`, and leaves `at` behind the closing one.
bool RecordReader::read_quoted(std::size_t& at, Record& record) const {
  const std::size_t limit = std::min(text_.size(), at_ + max_record_bytes);
  std::string field;
  for (std::size_t i = at + 1; i < limit; ++i) {
    if (text_[i] != '"') {
      field += text_[i];
    } else if (i + 1 < text_.size() && text_[i + 1] == '"') {
      field += '"';
      ++i;
    } else {
      at = i + 1;
      record.fields.push_back(std::move(field));
      return true;
    }
  }
  record.error = "a quote that never closes";
  return false;
}

bool RecordReader::next(Record& record) {
  record.fields.clear();
  record.error.clear();
  while (at_ < text_.size()) {
    const std::string_view first = line_at(at_);
    if (!first.empty() && first != "\r") break;
    at_ += first.size() + 1;
    ++line_;
  }
  if (at_ >= text_.size()) return false;
  record.line = line_;
  std::size_t at = at_;
  while (true) {
    if (quoted_ && at < text_.size() && text_[at] == '"') {
      if (!read_quoted(at, record)) break;
    } else {
      const std::string_view line = line_at(at);
      std::size_t end = std::min(line.find(separator_), line.size());
      std::string_view field = line.substr(0, end);
      if (end == line.size() && field.ends_with('\r')) field.remove_suffix(1);
      record.fields.emplace_back(field);
      at += end;
    }
    if (at < text_.size() && text_[at] == '\r' && (at + 1 == text_.size() || text_[at + 1] == '\n')) ++at;
    if (at >= text_.size() || text_[at] == '\n') {  // the record ends here
      line_ += static_cast<std::uint64_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                     text_.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
               1;
      at_ = at + 1;
      return true;
    }
    if (text_.substr(at, separator_.size()) != separator_) {
      record.error = "text after a closing quote";
      break;
    }
    at += separator_.size();
  }
  at_ += line_at(at_).size() + 1;
  ++line_;
  return true;
}

}  // namespace automodel::recsys
