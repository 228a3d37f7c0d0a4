// A person decides: with --ask nothing is tried that nobody approved, and a console takes the answers.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/ratings.hpp"

using namespace automodel::test;
using nlohmann::json;

namespace {

struct Asking {
  TemporaryDirectory directory;
  std::unique_ptr<Child> evolve;
  Asking() {
    import_small(directory.path(), 3000);
    evolve = std::make_unique<Child>(
        std::vector<std::string>{"evolve", "--ask", "--data", "small", "--max-trials", "3", "--seed", "3",
                                 "--store", "store", "--workers", "1"},
        directory.path());
  }

  /// One line at a console; null where it was refused, or nobody listens (yet).
  json console(const std::string& line) const {
    const auto answered = run({"console", "-c", line, "--json"}, directory.path());
    return answered.status == 0 ? json::parse(answered.output, nullptr, false) : json();
  }

  /// Until it answers what `holds`.
  template <class Holds>
  json wait_for(const std::string& line, const Holds& holds) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    for (;;) {
      json answer = console(line);
      if (holds(answer)) return answer;
      BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline,
                            line << " still answers " << answer.dump() << "; evolve says " << evolve->output()
                                 << evolve->errors());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  json open_proposals() const {
    json open = json::array();
    for (const auto& row : console("proposals"))
      if (row.at("status") == "offered") open.push_back(row);
    return open;
  }
};

std::set<std::string> subjects(const std::vector<json>& events, const std::string& kind,
                               const json::json_pointer& at) {
  std::set<std::string> found;
  for (const auto& event : events)
    if (event.at("kind") == kind) found.insert(event.at("body").at(at).get<std::string>());
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(only_what_a_person_approved_is_worked_on) {
  Asking goal;
  goal.wait_for("status", [](const json& status) { return status.contains("waits_for"); });
  const json proposals = goal.open_proposals();
  BOOST_REQUIRE_GE(proposals.size(), 2u);
  const auto approved = proposals[0].at("id").get<std::string>();
  for (std::size_t i = 1; i < proposals.size(); ++i)
    BOOST_TEST(!goal.console("veto " + proposals[i].at("id").get<std::string>() + " 'not now'").is_null());
  BOOST_TEST(!goal.console("approve " + approved).is_null());
  goal.wait_for("status",
                [](const json& status) { return status.is_object() && status.value("cycle", 0) == 2; });
  goal.evolve->send(SIGINT);
  BOOST_TEST(goal.evolve->wait(std::chrono::seconds(60)) >= 0);

  const auto events = events_of(goal.directory.path() / "store", goal.directory.path());
  const auto worked_on = subjects(events, "WorkAssigned", json::json_pointer("/work/proposal/id"));
  BOOST_TEST((worked_on == std::set<std::string>{approved}));
  BOOST_TEST(subjects(events, "ProposalVetoed", json::json_pointer("/proposal")).size() ==
             proposals.size() - 1);
}
