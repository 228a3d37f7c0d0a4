#include "tests/storage/proof/disk_images.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace automodel::storage::testing::disk {

namespace {

constexpr std::size_t page_sectors = 8;

void write_sparse(const std::filesystem::path& file, const std::string& content) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  constexpr std::size_t block = 4096;
  static const std::string zeros(block, '\0');
  for (std::size_t at = 0; at < content.size(); at += block) {
    const std::string_view part = std::string_view(content).substr(at, block);
    if (part == std::string_view(zeros).substr(0, part.size())) continue;
    out.seekp(static_cast<std::streamoff>(at));
    out.write(part.data(), static_cast<std::streamsize>(part.size()));
  }
  out.close();
  if (!out) throw std::runtime_error("cannot write an image");
  std::filesystem::resize_file(file, content.size());
}

}  // namespace

Log::Log(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  Entry entry;
  while (in.read(reinterpret_cast<char*>(&entry.header), sizeof entry.header)) {
    entry.bytes.resize(entry.header.bytes_size);
    if (!in.read(entry.bytes.data(), static_cast<std::streamsize>(entry.bytes.size())))
      throw std::runtime_error("the log of the disk ends early");
    entries_.push_back(entry);
  }
}

void Disk::apply(const Log::Entry& entry) {
  const Header& header = entry.header;
  ++now_;
  switch (header.kind) {
    case Kind::create:
      if (header.file != folder_of_log) files_[header.file];
      namings_.push_back({now_, header.kind, entry.bytes, {}, header.file});
      break;
    case Kind::write:
      write(files_[header.file], header.offset, entry.bytes);
      break;
    case Kind::resize:
      resize(files_[header.file], header.offset);
      break;
    case Kind::range_synced:
      if (!forgetful_) keep(files_[header.file], header.offset, header.size);
      break;
    case Kind::synced: {
      if (forgetful_) break;
      File& file = files_[header.file];
      file.synced = file.newest;
      file.unsynced.clear();
      file.sizes.clear();
      break;
    }
    case Kind::rename: {
      const auto middle = entry.bytes.find('\0');
      namings_.push_back(
          {now_, header.kind, entry.bytes.substr(0, middle), entry.bytes.substr(middle + 1), 0});
      break;
    }
    case Kind::remove:
      namings_.push_back({now_, header.kind, entry.bytes, {}, 0});
      break;
    case Kind::names_synced:
      if (forgetful_) break;
      for (const Naming& naming : namings_)
        if (folder_of(naming.from) == entry.bytes) settle(naming, names_);
      std::erase_if(namings_, [&](const Naming& naming) { return folder_of(naming.from) == entry.bytes; });
      break;
    case Kind::acknowledged:
      acknowledged_.push_back(entry.bytes);
      break;
  }
}

void Disk::write(File& file, std::size_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  if (offset + bytes.size() > file.newest.size()) {
    file.newest.resize(offset + bytes.size());
    file.sizes.emplace_back(now_, file.newest.size());
  }
  std::memcpy(file.newest.data() + offset, bytes.data(), bytes.size());
  for (std::size_t n = offset / sector_bytes; n * sector_bytes < offset + bytes.size(); ++n) {
    Version version{now_, {}};
    const auto now = std::string_view(file.newest).substr(n * sector_bytes, sector_bytes);
    std::copy(now.begin(), now.end(), version.bytes.begin());
    file.unsynced[n].push_back(version);
  }
}

void Disk::resize(File& file, std::size_t size) {
  for (std::size_t n = (size + sector_bytes - 1) / sector_bytes; n * sector_bytes < file.newest.size(); ++n)
    file.unsynced[n].push_back({now_, {}});  // what comes back there later are zeros
  file.newest.resize(size);
  file.sizes.emplace_back(now_, size);
}

void Disk::keep(File& file, std::size_t offset, std::size_t size) {
  const std::size_t first = offset / sector_bytes, last = (offset + size - 1) / sector_bytes;
  const std::size_t end = std::min((last + 1) * sector_bytes, file.newest.size());
  if (file.synced.size() < end) {  // then the size is on the disk as well
    file.synced.resize(file.newest.size());
    file.sizes.clear();
  }
  std::copy(file.newest.begin() + static_cast<std::ptrdiff_t>(first * sector_bytes),
            file.newest.begin() + static_cast<std::ptrdiff_t>(end),
            file.synced.begin() + static_cast<std::ptrdiff_t>(first * sector_bytes));
  for (std::size_t n = first; n <= last; ++n) file.unsynced.erase(n);
}

std::string Disk::folder_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

void Disk::settle(const Naming& naming, Names& names) {
  if (naming.kind == Kind::create) names[naming.from] = naming.file;
  if (naming.kind == Kind::remove) names.erase(naming.from);
  if (naming.kind != Kind::rename) return;
  const auto moved = names.find(naming.from);
  if (moved == names.end()) return;
  names[naming.to] = moved->second;
  names.erase(naming.from);
}

std::string Disk::content(const File& file, Loss loss, std::uint64_t moment, std::mt19937_64& random) const {
  const auto draw = [&]() -> std::uint64_t {
    switch (random() % 3) {
      case 0:
        return 0;
      case 1:
        return now_;
      default:
        return random() % (now_ + 1);
    }
  };
  std::string bytes = file.synced;
  const std::uint64_t size_moment = loss == Loss::pages || loss == Loss::sectors ? draw() : moment;
  for (const auto& [when, size] : file.sizes)
    if (when <= size_moment || (loss == Loss::all_but_newest && when == file.sizes.back().first))
      bytes.resize(size);
  std::uint64_t newest = 0;
  for (const auto& [number, versions] : file.unsynced) newest = std::max(newest, versions.back().moment);
  std::size_t page = ~std::size_t{0};
  for (const auto& [number, versions] : file.unsynced) {
    if (loss == Loss::sectors || (loss == Loss::pages && number / page_sectors != page)) moment = draw();
    page = number / page_sectors;
    const Version* chosen = nullptr;
    for (const Version& version : versions)
      if (version.moment <= moment || (loss == Loss::all_but_newest && version.moment == newest))
        chosen = &version;
    const std::size_t at = number * sector_bytes;
    if (chosen == nullptr || at >= bytes.size()) continue;
    std::memcpy(bytes.data() + at, chosen->bytes.data(), std::min(sector_bytes, bytes.size() - at));
  }
  return bytes;
}

void Disk::image(const std::filesystem::path& directory, Loss loss, std::mt19937_64& random) const {
  std::uint64_t moment = 0;
  if (loss == Loss::none) moment = now_;
  if (loss == Loss::later) moment = now_ - random() % std::min<std::uint64_t>(now_ + 1, 40);
  Names names = names_;
  // A journal of names keeps their order.
  const std::uint64_t named = loss == Loss::none ? now_ : loss == Loss::all ? 0 : random() % (now_ + 1);
  for (const Naming& naming : namings_)
    if (naming.moment <= named) settle(naming, names);
  for (const auto& [name, number] : names) {  // a folder comes before what is in it
    const std::string in = folder_of(name);
    if (number == folder_of_log) std::filesystem::create_directory(directory / name);
    if (number == folder_of_log || (!in.empty() && !names.contains(in))) continue;
    write_sparse(directory / name, content(files_.at(number), loss, moment, random));
  }
}

}  // namespace automodel::storage::testing::disk
