#include "tests/end_to_end/namespaces.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace automodel::test {

namespace fs = std::filesystem;

namespace {

bool shell(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

void must(const std::string& command) {
  if (!shell(command)) throw std::runtime_error("failed: " + command);
}

/// The end of the link to `other` that lies in the namespace of `node`.
std::string end_of(const std::string& node, const std::string& other) { return node + "-" + other; }

}  // namespace

std::unique_ptr<Namespaces> Namespaces::make(const std::vector<std::string>& names, std::string& why_not) {
  const auto cannot = [&](const std::string& what) {
    why_not = what;
    return nullptr;
  };
  if (!shell("ip -V")) return cannot("there is no ip (apt-get install iproute2)");
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
    return cannot(std::string("no namespaces: ") + std::strerror(errno) + " (run it as root)");
  // `ip netns` keeps its names in a directory that the others would see.
  std::error_code failed;
  fs::create_directories("/run/netns", failed);
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", "/run/netns", "tmpfs", 0, nullptr) != 0)
    return cannot(std::string("no mounts: ") + std::strerror(errno));
  std::unique_ptr<Namespaces> made(new Namespaces(names));
  for (const auto& node : names)
    if (!shell("ip netns add " + node) || !shell("ip -n " + node + " link set lo up"))
      return cannot("ip netns add failed");
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t j = i + 1; j < names.size(); ++j) {
      const auto &one = names[i], &other = names[j];
      if (!shell("ip link add " + end_of(one, other) + " netns " + one + " type veth peer name " +
                 end_of(other, one) + " netns " + other))
        return cannot("this kernel has no veth");
      for (const auto& [node, peer] : {std::pair(one, other), std::pair(other, one)})
        must("ip -n " + node + " addr add " + made->address(node, peer) + "/24 dev " + end_of(node, peer) +
             " && ip -n " + node + " link set " + end_of(node, peer) + " up");
    }
  return made;
}

std::size_t Namespaces::number(const std::string& node) const {
  return static_cast<std::size_t>(std::ranges::find(names_, node) - names_.begin()) + 1;
}

std::string Namespaces::address(const std::string& node, const std::string& other) const {
  const auto low = std::min(number(node), number(other)), high = std::max(number(node), number(other));
  return "10.77." + std::to_string(low * 16 + high) + "." + std::to_string(number(node));
}

void Namespaces::prepare(const std::map<std::string, fs::path>& homes) {
  for (const auto& [node, home] : homes)
    if (const auto made = run({"keys", "generate", "keys", "--for", "node"}, home); made.status != 0)
      throw std::runtime_error("no keys: " + made.errors);
  for (const auto& [node, home] : homes)
    for (const auto& [other, place] : homes) {
      if (other == node) continue;
      fs::create_directories(home / "keys/nodes");
      fs::copy_file(place / "keys/node.pub", home / "keys/nodes" / (other + ".pub"));
    }
}

std::vector<std::string> Namespaces::before(const std::string& node) const {
  return {"ip", "netns", "exec", node};
}

std::vector<std::string> Namespaces::options(const std::string&) const {
  return {"--cluster", "tcp://*:7421", "--keys", "keys"};
}

std::string Namespaces::join(const std::string& node, const std::string& other) const {
  return other + "@tcp://" + address(other, node) + ":7421";
}

void Namespaces::link(const std::string& one, const std::string& other, bool up) const {
  must("ip -n " + one + " link set " + end_of(one, other) + (up ? " up" : " down"));
}

bool Namespaces::disturb(int milliseconds, int lost_percent) const {
  return std::ranges::all_of(names_, [&](const std::string& node) {
    return std::ranges::all_of(names_, [&](const std::string& other) {
      return other == node ||
             shell("tc -n " + node + " qdisc add dev " + end_of(node, other) + " root netem delay " +
                   std::to_string(milliseconds) + "ms loss " + std::to_string(lost_percent) + "%");
    });
  });
}

}  // namespace automodel::test
