// automodel keys generate DIR [--for node|checkpoint]
#include <filesystem>
#include <iostream>

#include "actors/cluster/transport/node_keys.hpp"
#include "storage/operations/signing_keys.hpp"
#include "tools/automodel/program.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string directory;
  std::string purpose;  // empty: all
};

struct Pair {
  std::string purpose;
  std::filesystem::path private_file, public_file;
  std::string public_key;
  std::string use;  // of the public half
};

Result<Pair> checkpoint_pair(const std::filesystem::path& directory) {
  const auto made = storage::generate_keys(directory);
  if (!made) return fail(made.error());
  return Pair{"checkpoint", made->private_key, made->public_key, events::hex(made->key),
              "give it to whoever verifies"};
}

Result<Pair> node_pair(const std::filesystem::path& directory) {
  const auto keys = cluster::NodeKeys::generate();
  if (auto saved = keys.save(directory); !saved) return fail(saved.error());
  return Pair{"node", directory / cluster::node_key_name, directory / cluster::node_public_name,
              events::hex(keys.public_key()), "other nodes keep it as KEYS/nodes/NAME.pub"};
}

Result<int> generate(const Program& program, const Options& options) {
  std::vector<Pair> pairs;
  using Make = Result<Pair> (*)(const std::filesystem::path&);
  for (const auto& [purpose, make] :
       {std::pair<const char*, Make>{"node", node_pair}, {"checkpoint", checkpoint_pair}}) {
    if (!options.purpose.empty() && options.purpose != purpose) continue;
    auto made = make(options.directory);
    if (!made) return fail(made.error());
    pairs.push_back(std::move(*made));
  }
  if (program.json) {
    nlohmann::json made;
    for (const Pair& pair : pairs)
      made[pair.purpose] = {{"private_key_file", pair.private_file.string()},
                            {"public_key_file", pair.public_file.string()},
                            {"public_key", pair.public_key}};
    print_json(made);
    return 0;
  }
  for (const Pair& pair : pairs)
    std::cout << "for " << pair.purpose << "s\n  private key  " << pair.private_file.string()
              << "  (keep it secret)\n  public key   " << pair.public_file.string() << "  (" << pair.use
              << ")\n";
  return 0;
}

}  // namespace

void add_keys(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* keys = add_command(app, program, "keys",
                               "the keys by which nodes know each other, and that sign checkpoints", "", {});
  keys->require_subcommand(0, 1);
  CLI::App* make = add_command(*keys, program, "generate", "make new pairs of keys",
                               "  automodel keys generate keys\n"
                               "  automodel keys generate keys --for checkpoint",
                               [&program, options] { return generate(program, *options); });
  make->add_option("directory", options->directory, "where the files go; none is ever overwritten")
      ->required();
  make->add_option("--for", options->purpose, "only this pair: node or checkpoint (default: both)")
      ->check(CLI::IsMember({"node", "checkpoint"}));
}

}  // namespace automodel::tools
