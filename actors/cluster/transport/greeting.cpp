#include "actors/cluster/transport/greeting.hpp"

#include <algorithm>
#include <cctype>

namespace automodel::cluster {
namespace {

constexpr std::size_t max_name = 64;
constexpr std::size_t identity_digits = 32;

bool is_identity(const std::string& text) {
  return text.size() == identity_digits &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::uint32_t readable_event_kinds() { return static_cast<std::uint32_t>(events::EventBody::MAX); }

Result<void> check_node_name(const std::string& name) {
  const bool fits = !name.empty() && name.size() <= max_name && name != "." && name != ".." &&
                    std::ranges::all_of(name, [](unsigned char c) {
                      return c < 128 && (std::isalnum(c) || c == '-' || c == '_' || c == '.');
                    });
  if (fits) return {};
  return fail("cluster.bad_name", "this cannot be the name of a node", name.substr(0, max_name),
              "1 to 64 letters, digits, '-', '_' and '.'");
}

Result<void> check_hello(const events::NodeHelloT& hello, const GreetingContext& context) {
  if (auto named = check_node_name(hello.node); !named) return named;
  if (!is_identity(hello.identity))
    return fail("cluster.malformed", "a greeting without an identity", hello.node);
  if (hello.identity == context.own.identity)
    return fail("cluster.same_node",
                "this store belongs to a node that runs already, as '" + context.own.node + "'", hello.node,
                "a copy of a store is not a second node: start that one with a store of its own");
  if (hello.node == context.own.node)
    return fail("cluster.same_name", "another node is called '" + hello.node + "'", context.own.endpoint,
                "give each node a name of its own: [node] name");
  if (context.key && context.key->name != hello.node)
    return fail("cluster.wrong_key", "'" + hello.node + "' came with the key of '" + context.key->name + "'",
                hello.node, "name the file of the public key after the node: nodes/" + hello.node + ".pub");
  if (!context.known) return {};
  if (context.known->identity != hello.identity)
    return fail("cluster.same_name", "another node is called '" + hello.node + "'", context.own.endpoint,
                "give each node a name of its own: [node] name");
  if (hello.incarnation < context.known->incarnation)
    return fail("cluster.old_start", "a greeting of '" + hello.node + "' from before its last start",
                hello.node);
  return {};
}

}  // namespace automodel::cluster
