#include "recsys/data/known_user.hpp"

namespace automodel::recsys {

Result<std::uint32_t> known_user(const Dataset& data, const std::string& id) {
  if (const auto user = data.find_user(id)) return *user;
  return fail("data.no_such_user", "no user is called '" + id + "'", data.name(),
              data.users() > 0 ? "for example " + std::string(data.user_id(0)) : "the data set has no users");
}

}  // namespace automodel::recsys
