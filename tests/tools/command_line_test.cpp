// The program as it is called: exit statuses, error objects, and that a wrong call changes nothing.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct Ended {
  int status = -1;
  std::string output;
  std::string errors;
};

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A directory of its own, in which the program is run.
struct Place {
  fs::path path;
  Place() {
    std::string pattern = (fs::temp_directory_path() / "automodel-cli-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Place() { fs::remove_all(path); }

  Ended run(const std::string& arguments) const {
    const char* program = std::getenv("AUTOMODEL_PROGRAM");
    BOOST_REQUIRE_MESSAGE(program, "AUTOMODEL_PROGRAM is not set: run this through ctest");
    const std::string line =
        "cd '" + path.string() + "' && '" + program + "' " + arguments + " >.out 2>.err </dev/null";
    const int raw = std::system(line.c_str());
    return {WIFEXITED(raw) ? WEXITSTATUS(raw) : -1, contents(path / ".out"), contents(path / ".err")};
  }

  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }

  /// Imports a few ratings as data set "small".
  void import_small() const {
    std::ofstream out(path / "ratings.csv");
    out << "userId,movieId,rating,timestamp\n";
    for (int row = 0; row < 400; ++row)
      out << 1 + row * 7 % 20 << ',' << 1 + row * 11 % 30 << ',' << 1 + row * 13 % 5 << ','
          << 1'000'000 + row * 60 << '\n';
    out.close();
    const Ended imported = run("data import ratings.csv --name small");
    BOOST_REQUIRE_MESSAGE(imported.status == 0, imported.errors);
  }
};

json error_of(const Ended& ended) {
  const auto object = json::parse(ended.output, nullptr, false);
  BOOST_REQUIRE_MESSAGE(object.is_object() && object.contains("error"),
                        "no error object: " << ended.output << ended.errors);
  for (const char* key : {"code", "message", "where", "hint"}) BOOST_TEST(object["error"].contains(key), key);
  return object["error"];
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(wrong_usage_is_status_2_with_a_suggestion, Place) {
  BOOST_TEST(run("").status == 2);
  auto ended = run("evlove --data x --json");
  BOOST_TEST(ended.status == 2);
  BOOST_TEST(error_of(ended)["hint"] == "did you mean 'evolve'?");
  ended = run("train --method lr --data x --epocs 3 --json");
  BOOST_TEST(ended.status == 2);
  BOOST_TEST(error_of(ended)["hint"] == "did you mean '--epochs'?");
  BOOST_TEST(run("recommend --json").status == 2);
  BOOST_TEST(run("data --json").status == 2);
  BOOST_TEST(run("events --limit many --json").status == 2);
}

BOOST_FIXTURE_TEST_CASE(version_is_status_0_with_a_number, Place) {
  const Ended ended = run("--version");
  BOOST_TEST(ended.status == 0);
  const std::string& text = ended.output;
  BOOST_TEST((text.starts_with("automodel ") && text.find_first_not_of("0123456789.\n", 10) == text.npos),
             text);
}

BOOST_FIXTURE_TEST_CASE(help_is_status_0_with_examples, Place) {
  for (const char* command : {"", "evolve", "node", "console", "data", "train", "recommend", "memory",
                              "replay", "events", "explain", "paper", "paper compile", "paper add", "paper changes"}) {
    const Ended ended = run(std::string(command) + " --help");
    BOOST_TEST(ended.status == 0, command);
    BOOST_TEST(ended.output.find("Examples:") != std::string::npos, command);
  }
}

BOOST_FIXTURE_TEST_CASE(a_failure_is_one_line_on_stderr_or_an_object_on_stdout, Place) {
  const Ended text = run("explain champion");
  BOOST_TEST(text.status == 1);
  BOOST_TEST(text.output.empty());
  BOOST_TEST(text.errors.starts_with("automodel: there is no store (var/store). "));
  const Ended object = run("explain champion --json");
  BOOST_TEST(object.status == 1);
  BOOST_TEST(object.errors.empty());
  BOOST_TEST(error_of(object)["code"] == "storage.no_such_store");
}

BOOST_FIXTURE_TEST_CASE(a_method_of_the_library_is_shown_as_equations_with_their_code, Place) {
  const Ended text = run("paper compile deepfm");
  BOOST_TEST(text.status == 0);
  BOOST_TEST(text.output.find("y_deep = ") != std::string::npos, text.output);
  const auto object = nlohmann::json::parse(run("paper compile deepfm --set k=4 --json").output);
  BOOST_TEST(object["method"] == "deepfm");
  BOOST_TEST(object["settings"]["k"] == "4");
  BOOST_TEST(object["equations"].size() == 4U);
  BOOST_TEST(object["questions"].empty());
  BOOST_TEST(object["parameter_count"].get<std::int64_t>() > 1000);
  BOOST_TEST(run("paper list").output.find("xdeepfm") != std::string::npos);
  BOOST_TEST(run("paper compile deepfm --emit report --html").output.starts_with("<!doctype html>"));
}

BOOST_FIXTURE_TEST_CASE(what_a_card_leaves_open_is_asked_with_its_line_and_a_caret, Place) {
  std::ofstream(path / "open.md") << "+++\nmethod = \"open\"\ntask = \"ctr\"\n+++\n"
                                     "The value of each field $i = 1, \\dots, n$ has an embedding "
                                     "$\\mathbf{e}_i \\in \\mathbb{R}^{4}$.\n\n"
                                     "$$ \\hat{y} = \\sigma(\\sum_{i=1}^{n} \\mathbf{e}_i \\mathbf{u}) $$\n";
  const Ended text = run("paper compile open.md");
  BOOST_TEST(text.status == 1);
  BOOST_TEST(text.output.empty());
  BOOST_TEST(text.errors.find("open.md:7: ") != std::string::npos, text.errors);
  BOOST_TEST(text.errors.find("^~") != std::string::npos, text.errors);
  const auto object = nlohmann::json::parse(run("paper compile open.md --json").output);
  BOOST_TEST(object["error"]["code"] == "papers.ambiguous_product");
  BOOST_TEST(object["questions"][0]["line"] == 7);
  BOOST_TEST(object["questions"][0]["candidates"].size() >= 2U);
  const Ended unknown = run("paper compile deepfn");
  BOOST_TEST(unknown.status == 1);
  BOOST_TEST(unknown.errors.find("deepfm") != std::string::npos, unknown.errors);
}

BOOST_FIXTURE_TEST_CASE(a_card_that_was_added_is_listed_shown_changed_and_trained_by_its_name, Place) {
  import_small();
  const auto card = [](const std::string& equation) {
    return "+++\nmethod = \"mine\"\ntitle = \"My own\"\nextends = \"fm\"\n+++\n$$ " + equation + " $$\n";
  };
  const std::string pairs = "\\sum_{i<j} \\langle \\mathbf{e}_i, \\mathbf{e}_j \\rangle";
  std::ofstream(path / "mine.md") << card("\\hat{y} = \\sigma(b + " + pairs + ")");
  const Ended added = run("paper add mine.md");
  BOOST_TEST(added.status == 0, added.errors);
  BOOST_TEST(run("paper add mine.md").status == 0);  // again: it is there
  BOOST_TEST(run("paper list").output.find("My own") != std::string::npos);
  BOOST_TEST(run("paper show mine").output == card("\\hat{y} = \\sigma(b + " + pairs + ")"));
  BOOST_TEST(run("explain mine").output.find("MethodAdded") != std::string::npos);
  BOOST_TEST(run("paper changes mine").output.find("mine-with-deep") != std::string::npos);
  const Ended trained = run("train --method mine --data small --epochs 1 --json");
  BOOST_TEST(trained.status == 0, trained.output);
  std::ofstream(path / "mine.md") << card("\\hat{y} = \\sigma(b + 2 " + pairs + ")");
  BOOST_TEST(error_of(run("paper add mine.md --json"))["code"] == "autotrain.name_taken");
  BOOST_TEST(run("paper changes nothing").status == 1);
}

BOOST_FIXTURE_TEST_CASE(reading_commands_create_nothing, Place) {
  for (const char* command : {"explain champion", "memory show", "memory query trials", "events",
                              "replay --verify", "recommend --user 1", "data list", "data show x", "paper list", "paper changes fm"})
    run(command);
  fs::remove(path / ".out");
  fs::remove(path / ".err");
  BOOST_TEST(fs::is_empty(path));
}

BOOST_FIXTURE_TEST_CASE(a_wrong_goal_is_refused_before_a_store_is_made, Place) {
  import_small();
  const std::pair<const char*, const char*> wrong[] = {
      {"--data smal", "data.no_such_dataset"},
      {"--data small --goal acu", "goal.unknown_metric"},
      {"--data small --label 'ratng>=4'", "data.bad_label"},
      {"--data small --label 'rating>=99'", "goal.one_class"},
      {"--data small --split tmporal", "goal.unknown_split"}};
  for (const auto& [arguments, code] : wrong) {
    const Ended ended = run(std::string("evolve --json ") + arguments);
    BOOST_TEST_CONTEXT(arguments) {
      BOOST_TEST(ended.status == 1);
      BOOST_TEST(error_of(ended)["code"] == code);
    }
  }
  BOOST_TEST(error_of(run("evolve --data smal --json"))["hint"] == "did you mean 'small'?");
  const Ended budget = run("evolve --data small --budget soon --json");
  BOOST_TEST(budget.status == 2);
  BOOST_TEST(!fs::exists(path / "var/store"));
}

BOOST_FIXTURE_TEST_CASE(a_store_that_is_none_is_refused_and_left_alone, Place) {
  fs::create_directories(path / "var/store");
  write("var/store/notes.txt", "mine");
  const Ended ended = run("events --json");
  BOOST_TEST(ended.status == 1);
  BOOST_TEST(error_of(ended)["code"] == "storage.not_a_store");
  BOOST_TEST(contents(path / "var/store/notes.txt") == "mine");
  BOOST_TEST(std::distance(fs::directory_iterator(path / "var/store"), {}) == 1);
}

BOOST_FIXTURE_TEST_CASE(unknown_settings_are_refused_with_their_place, Place) {
  write("automodel.toml", "store = \"elsewhere\"\n\n[evolve]\nworkrs = 2\n");
  const Ended unknown = run("data list --json");
  BOOST_TEST(unknown.status == 1);
  BOOST_TEST(error_of(unknown)["code"] == "config.unknown_key");
  BOOST_TEST(error_of(unknown)["where"] == "automodel.toml:4:10");
  BOOST_TEST(error_of(unknown)["hint"] == "did you mean 'evolve.workers'?");
  write("automodel.toml", "store = 3\n");
  BOOST_TEST(error_of(run("data list --json"))["code"] == "config.wrong_type");
  write("automodel.toml", "store = \n");
  BOOST_TEST(error_of(run("data list --json"))["code"] == "config.syntax");
  write("automodel.toml", "store = \"elsewhere\"\n");
  BOOST_TEST(error_of(run("events --json"))["where"] == "elsewhere");
  BOOST_TEST(error_of(run("events --json --store here"))["where"] == "here");
  BOOST_TEST(error_of(run("data list --json --config none.toml"))["code"] == "config.no_such_file");
  write("automodel.toml", "log_level = \"loud\"\n");
  BOOST_TEST(error_of(run("data list --json"))["code"] == "usage.log_level");
  BOOST_TEST(run("data list --json --log-level debug").status == 0);  // the flag wins
}

BOOST_FIXTURE_TEST_CASE(data_sets_are_imported_listed_and_shown, Place) {
  import_small();
  const auto listed = json::parse(run("data list --json").output);
  BOOST_TEST(listed["name"] == "small");
  BOOST_TEST(listed["rows"] == 400);
  const auto shown = json::parse(run("data show small --json").output);
  BOOST_TEST(shown["users"] == 20);
  BOOST_TEST(run("data show small").output.find("rating") != std::string::npos);
  const Ended missing = run("data show smal --json");
  BOOST_TEST(missing.status == 1);
  BOOST_TEST(error_of(missing)["hint"] == "did you mean 'small'?");
  BOOST_TEST(run("data import nothing.csv").status == 1);
}

BOOST_FIXTURE_TEST_CASE(a_method_is_trained_and_measured, Place) {
  import_small();
  const Ended ended = run("train --method lr --data small --epochs 1 --feature 'count(user)' --json");
  BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.output << ended.errors);
  const auto result = json::parse(ended.output);
  for (const char* key :
       {"trial", "method", "parameters", "epochs", "seconds", "rows_per_second", "valid", "test"})
    BOOST_TEST(result.contains(key), key);
  BOOST_TEST(result["test"].contains("auc"));
  BOOST_TEST(result["epochs"] == 1);
  BOOST_TEST(error_of(run("train --method deepfn --data small --json"))["code"] == "models.unknown_method");
  BOOST_TEST(error_of(run("train --method lr --data small --set depth=3 --json"))["code"] ==
             "models.unknown_setting");
  BOOST_TEST(error_of(run("train --method lr --data small --metric acu --json"))["code"] ==
             "evaluation.unknown_metric");
  const Ended usage = run("train --method lr --data small --set depth --json");
  BOOST_TEST(usage.status == 2);
}

BOOST_FIXTURE_TEST_CASE(a_console_without_a_node_says_how_to_start_one, Place) {
  const Ended ended = run("console --connect ipc://none.socket --timeout 200ms -c status --json");
  BOOST_TEST(ended.status == 1);
  BOOST_TEST(error_of(ended)["code"] == "session.no_answer");
  const Ended wrong = run("console --connect ipc://none.socket -c staus --json");
  BOOST_TEST(wrong.status == 1);
  BOOST_TEST(error_of(wrong)["hint"] == "did you mean 'status'?");
  BOOST_TEST(run("console --connect ipc://none.socket -c help").status == 0);
  BOOST_TEST(error_of(run("console --connect tcp://192.168.1.1:1 -c status --json"))["code"] ==
             "session.remote_endpoint");
}

BOOST_FIXTURE_TEST_CASE(a_node_listens_to_this_machine_only, Place) {
  const Ended ended = run("node --listen tcp://0.0.0.0:7411 --json");
  BOOST_TEST(ended.status == 1);
  BOOST_TEST(error_of(ended)["code"] == "session.remote_endpoint");
  BOOST_TEST(!fs::exists(path / "var/store"));
}

BOOST_FIXTURE_TEST_CASE(a_node_serves_metrics_where_its_settings_or_its_flag_say, Place) {
  write("automodel.toml", "[metrics]\nlisten = \"0.0.0.0:1\"\n");
  const Ended set = run("node --listen ipc://s --json");
  BOOST_TEST(error_of(set)["code"] == "metrics.bad_address");
  BOOST_TEST(error_of(set)["message"].get<std::string>().find("'0.0.0.0:1'") != std::string::npos);
  const Ended given = run("node --listen ipc://s --metrics 0.0.0.0:2 --json");
  BOOST_TEST(error_of(given)["message"].get<std::string>().find("'0.0.0.0:2'") != std::string::npos);
  BOOST_TEST(!fs::exists(path / "var/store"));
}

BOOST_FIXTURE_TEST_CASE(more_threads_than_a_machine_has_are_refused_instead_of_hanging_it, Place) {
  for (const char* arguments :
       {"evolve --data x --workers 100000", "train --method lr --data x --threads 99999"}) {
    const Ended ended = run(std::string(arguments) + " --json");
    BOOST_TEST(ended.status == 2, arguments);
    BOOST_TEST(error_of(ended)["code"] == "usage.too_many", arguments);
  }
}

BOOST_FIXTURE_TEST_CASE(a_reader_that_leaves_early_is_no_failure, Place) {
  import_small();
  // As in a node, whose workers' pipes make it ignore SIGPIPE: the write fails instead.
  write("head.sh",
        "trap '' PIPE\n"
        "{ sleep 0.3; \"$AUTOMODEL_PROGRAM\" data show small 2>errors; echo $? >status; } | true\n");
  const std::string line = "cd '" + path.string() + "' && bash head.sh";
  BOOST_REQUIRE(std::system(line.c_str()) == 0);
  BOOST_TEST(contents(path / "status") == "141\n");  // 128 + SIGPIPE
  BOOST_TEST(contents(path / "errors") == "");
}

BOOST_FIXTURE_TEST_CASE(a_node_whose_endpoint_is_taken_leaves_the_store_alone, Place) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket = (path / "taken.socket").string();
  BOOST_REQUIRE(socket.size() < sizeof address.sun_path);
  socket.copy(address.sun_path, socket.size());
  BOOST_REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(listener, 4) == 0);
  const Ended ended = run("node --listen ipc://" + socket + " --store mine --json");
  ::close(listener);
  BOOST_TEST(ended.status == 1);
  BOOST_TEST(error_of(ended)["code"] == "session.cannot_bind");
  BOOST_TEST(!fs::exists(path / "mine"));
}
