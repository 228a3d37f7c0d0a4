// A projection that nobody attaches any more goes, with everything that is stored of it.
#include "storage/operations/projections.hpp"

#include <boost/test/unit_test.hpp>

#include "storage/operations/archive.hpp"
#include "storage/projector.hpp"
#include "tests/storage/operations/sample.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// A row for every event.
class Many final : public Projection {
 public:
  std::string name() const override { return "old-view"; }
  std::string schema() const override { return "1"; }
  std::vector<std::string> tables() const override { return {"many"}; }
  void apply(RowWriter& rows, const events::Recorded& event) const override {
    rows.put("many", std::to_string(event.sequence), events::Bytes(1));
  }
};

constexpr std::uint64_t events_there = 10'000, seen_by_old_view = 9'000;

AppendRequest many(std::uint64_t count) {
  AppendRequest request = one("a");
  while (request.events.size() < count) request.events.push_back(request.events.front());
  return request;
}

/// Memory has seen everything, the old view has not.
struct Place {
  TemporaryDirectory directory;
  std::filesystem::path path = directory.path() / "store";

  Place() {
    {
      auto store = open_or_throw(path);
      value(store->attach(std::make_shared<Many>()));
      value(store->append(many(seen_by_old_view)));
      value(store->wait_for("old-view", seen_by_old_view, std::chrono::seconds(60)));
    }
    auto store = open_or_throw(path);
    value(store->append(many(events_there - seen_by_old_view)));
    value(store->save_snapshot("a", {events_there, "1", {1}}));
    value(store->attach(memory_projection()));
    value(store->wait_for("memory", events_there, std::chrono::seconds(60)));
  }
  std::uint64_t rows() const {
    const auto environment = value(Environment::open(path, false));
    return value(value(environment->read()).entries(Table::rows));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& one : value(stored_projections(path))) all.push_back(one.name);
    return all;
  }
};

using Names = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(dropped_projections, Place)

BOOST_AUTO_TEST_CASE(they_are_listed_with_where_they_stand) {
  const auto all = value(stored_projections(path));
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST((all[0].name == "memory" && all[0].is_of_nodes && all[0].sequence == events_there));
  BOOST_TEST((all[1].name == "old-view" && !all[1].is_of_nodes && all[1].sequence == seen_by_old_view));
  BOOST_TEST(all[1].schema == "1");
}

BOOST_AUTO_TEST_CASE(a_dropped_one_has_no_rows_and_holds_back_no_archive) {
  const std::uint64_t others = rows() - (seen_by_old_view);
  value(open_or_throw(path)->append(one("a")));
  const auto held = value(plan_archive(path, std::to_string(events_there + 1))).held_back;
  BOOST_REQUIRE(held.has_value());
  BOOST_TEST(held->reason.find("projection 'old-view'") != std::string::npos);
  BOOST_TEST(held->remedy.find("automodel projections drop old-view") != std::string::npos);
  BOOST_TEST(value(drop_projection(path, "old-view")) == seen_by_old_view);
  BOOST_TEST(names() == Names{"memory"}, boost::test_tools::per_element());
  BOOST_TEST(rows() == others);
  BOOST_TEST(value(plan_archive(path, std::to_string(events_there))).until == events_there - 1);
  const auto store = open_or_throw(path);
  BOOST_TEST(value(store->verify()) == events_there + 1);
  value(store->attach(std::make_shared<Many>()));  // whoever wants it has it again
  value(store->wait_for("old-view", events_there + 1, std::chrono::seconds(60)));
  BOOST_TEST(store->projection_rows("old-view")->get("many", "1").has_value());
}

BOOST_AUTO_TEST_CASE(wherever_it_is_cut_off_nothing_answers_half_and_the_next_one_goes_on) {
  for (int steps = 1; steps <= 2; ++steps) {
    int left = steps;
    const auto cut = drop_projection(path, "old-view", [&](const Progress&) { return --left > 0; });
    BOOST_TEST(code_of(cut) == "storage.interrupted");
    BOOST_TEST(names().size() == 2u);
    StoreOptions reading;
    reading.read_only = true;
    std::size_t rows = 0;
    open_or_throw(path, reading)->projection_rows("old-view")->scan("many", {}, [&](auto, auto) {
      return ++rows > 0;
    });
    BOOST_TEST(rows == 0u);
  }
  value(drop_projection(path, "old-view"));
  BOOST_TEST(names().size() == 1u);
}

BOOST_AUTO_TEST_CASE(one_that_was_cut_off_can_be_attached_instead) {
  BOOST_TEST(!drop_projection(path, "old-view", [](const Progress& progress) { return progress.done == 0; }));
  const auto store = open_or_throw(path);
  value(store->attach(std::make_shared<Many>()));
  value(store->wait_for("old-view", events_there, std::chrono::seconds(60)));
  BOOST_TEST((digest(Many(), *store->projection_rows("old-view")) == rebuilt_digest(*store, Many())));
}

BOOST_AUTO_TEST_CASE(what_is_in_use_or_unknown_is_refused) {
  BOOST_TEST(code_of(drop_projection(path, "memory")) == "storage.projection_in_use");
  const auto unknown = drop_projection(path, "old-veiw");
  BOOST_TEST(code_of(unknown) == "storage.no_such_projection");
  BOOST_TEST(unknown.error().hint == "did you mean 'old-view'?");
  const auto writer = open_or_throw(path);
  BOOST_TEST(code_of(drop_projection(path, "old-view")) == "storage.locked");
  BOOST_TEST(names().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
