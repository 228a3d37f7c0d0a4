// A network of this process's own: one namespace for each node, a link between each two. Gone with the
// process.
#pragma once

#include "tests/end_to_end/nodes.hpp"

namespace automodel::test {

class Namespaces : public Surroundings {
 public:
  /// Moves this process into namespaces of its own, so that nothing outside is seen or changed. Null, with
  /// the reason, where that cannot be done: not root, no iproute2, a kernel without it.
  static std::unique_ptr<Namespaces> make(const std::vector<std::string>& names, std::string& why_not);

  void prepare(const std::map<std::string, std::filesystem::path>& homes) override;  // keys
  std::vector<std::string> before(const std::string& node) const override;
  std::vector<std::string> options(const std::string& node) const override;
  std::string join(const std::string& node, const std::string& other) const override;

  /// Nothing goes between the two from now on, or it does again.
  void link(const std::string& one, const std::string& other, bool up) const;
  /// Every packet is late by so much, and so many in a hundred are lost; false where the kernel has no netem.
  bool disturb(int milliseconds, int lost_percent) const;

 private:
  explicit Namespaces(std::vector<std::string> names) : names_(std::move(names)) {}
  std::size_t number(const std::string& node) const;
  std::string address(const std::string& node, const std::string& other) const;
  std::vector<std::string> names_;
};

}  // namespace automodel::test
