#include "tools/automodel/stores.hpp"

#include "tools/automodel/report.hpp"

namespace automodel::tools {

Result<std::unique_ptr<storage::EventStore>> open_for_reading(const std::filesystem::path& path) {
  std::error_code none;
  if (!std::filesystem::exists(path, none))
    return fail("storage.no_such_store", "there is no store", path.string(),
                "automodel evolve makes one; --store names another directory");
  storage::StoreOptions options;
  options.create = false;
  options.read_only = true;
  return storage::EventStore::open(path, options);
}

Result<std::string> goal_of(const storage::Memory& memory, const std::string& wanted) {
  std::string goal = wanted.empty() ? current_goal(memory) : wanted;
  if (goal.empty())
    return fail("memory.no_goal", "the store has no goal yet", {},
                "automodel evolve --data NAME gives it one");
  return goal;
}

}  // namespace automodel::tools
