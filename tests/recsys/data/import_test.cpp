#include <cmath>
#include <random>

#include "recsys/data/csv.hpp"
#include "tests/recsys/data/temporary_folder.hpp"

namespace automodel::recsys {

BOOST_AUTO_TEST_SUITE(imports)

BOOST_AUTO_TEST_CASE(rows_of_a_dslabs_export_are_sorted_by_time_and_films_become_item_columns) {
  const TemporaryFolder folder;
  const auto file =
      folder.write("ratings.csv",
                   "\"movieId\",\"title\",\"year\",\"genres\",\"userId\",\"rating\",\"timestamp\"\n"
                   "31,\"Say \"\"Hi\"\", twice\",1995,\"Drama|War\",1,2.5,300\n"
                   "7,\"Heat\",NA,\"(no genres listed)\",2,5,100\n"
                   "31,\"Say \"\"Hi\"\", twice\",1995,\"Drama|War\",2,4,100\n");
  const Dataset data = folder.import(file);
  BOOST_TEST(data.rows() == 3u);
  BOOST_TEST(data.users() == 2u);
  BOOST_TEST(data.items() == 2u);
  BOOST_TEST(data.time()[0] == 100);
  BOOST_TEST(data.time()[2] == 300);
  BOOST_TEST((*data.numbers("rating"))[0] == 5.0f);
  BOOST_TEST((*data.numbers("rating"))[1] == 4.0f);  // equal times keep their order
  const auto item = *data.find_item("31");
  BOOST_TEST(data.item_title(item) == "Say \"Hi\", twice");
  BOOST_TEST(data.categories("genres")->at(item).size() == 2u);
  BOOST_TEST(*data.token("genres", data.categories("genres")->at(item)[1]) == "War");
  BOOST_TEST(std::isnan((*data.numbers("year"))[*data.find_item("7")]));
  BOOST_TEST(data.categories("genres")->at(*data.find_item("7")).empty());
  BOOST_TEST(!data.find_user("3"));
  BOOST_TEST(!data.column("rating")->context);
  BOOST_TEST(bool(data.verify()));
}

BOOST_AUTO_TEST_CASE(u_data_takes_the_attributes_beside_it) {
  const TemporaryFolder folder;
  folder.write("ml/u.data", "1\t10\t5\t50\n2\t10\t3\t40\n");
  folder.write("ml/u.user", "1|24|M|writer|85711\n2|53|F|other|94043\n");
  folder.write("ml/u.item", "10|Caf\xE9 (1995)|01-Jan-1995||x|0|1|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n");
  const Dataset data = folder.import(folder.path() / "ml");
  BOOST_TEST(data.item_title(0) == "Caf\xC3\xA9 (1995)");  // Latin-1 becomes UTF-8
  BOOST_TEST((*data.numbers("year"))[0] == 1995.0f);
  BOOST_TEST(data.categories("genres")->at(0).size() == 2u);
  BOOST_TEST(*data.token("gender", (*data.codes("gender"))[*data.find_user("2")]) == "F");
}

BOOST_AUTO_TEST_CASE(dat_and_csv_files_of_movielens_are_recognised) {
  const TemporaryFolder folder;
  folder.write("m/ratings.dat", "1::10::5::50\n2::11::3::40\n");
  folder.write("m/movies.dat", "10::A Film (1999)::Drama|War\n11::Other (2000)::Comedy\n");
  const Dataset dat = folder.import(folder.path() / "m");
  BOOST_TEST(dat.rows() == 2u);
  BOOST_TEST((*dat.numbers("year"))[*dat.find_item("10")] == 1999.0f);
  folder.write("c/ratings.csv", "userId,movieId,rating,timestamp\r\n1,10,5,50\r\n");
  folder.write("c/movies.csv", "movieId,title,genres\r\n10,\"Film, A (1999)\",Drama|War\r\n");
  const Dataset csv = folder.import(folder.path() / "c");
  BOOST_TEST(csv.item_title(0) == "Film, A (1999)");
  BOOST_TEST(csv.categories("genres")->at(0).size() == 2u);
}

BOOST_AUTO_TEST_CASE(recbole_files_are_read_by_their_typed_headers) {
  const TemporaryFolder folder;
  folder.write("r/r.inter",
               "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t9\t4\t8.0\n2\t9\t1\t3\n");
  folder.write("r/r.user", "user_id:token\tage:token\n1\t24\n");
  folder.write("r/r.item",
               "item_id:token\tmovie_title:token_seq\tclass:token_seq\n9\tToy Story\tComedy Drama\n");
  const Dataset data = folder.import(folder.path() / "r");
  BOOST_TEST((*data.numbers("rating"))[0] == 1.0f);
  BOOST_TEST(data.item_title(0) == "Toy Story");
  BOOST_TEST(data.categories("class")->at(0).size() == 2u);
  BOOST_TEST((*data.codes("age"))[*data.find_user("2")] == 0u);  // missing
}

BOOST_AUTO_TEST_CASE(libfm_rows_that_begin_with_two_ones_name_user_and_item) {
  const TemporaryFolder folder;
  const Dataset data = folder.import(folder.write("x.libfm", "5 0:1 7:1 9:1\n3 1:1 7:1\n"));
  BOOST_TEST(data.users() == 2u);
  BOOST_TEST(data.items() == 1u);
  BOOST_TEST(!data.has_time());
  BOOST_TEST(*data.token("features", data.categories("features")->at(0)[0]) == "9");
  const Dataset other = folder.import(folder.write("y.libsvm", "1 1:0.5 2:3\n-1 2:1.5\n"));
  BOOST_TEST(other.users() == 1u);
  BOOST_TEST((*other.numbers("x1"))[1] == 0.0f);
  BOOST_TEST((*other.numbers("x2"))[0] == 3.0f);
}

BOOST_AUTO_TEST_CASE(a_toml_file_describes_any_table) {
  const TemporaryFolder folder;
  folder.write("clicks.csv", "when;who;what;price;click\n2020-01-02 00:00:01;a;x;2.5;1\n2020-01-01;b;y;;0\n");
  folder.write("items.csv", "what,tags\nx,red+big\n");
  ImportOptions options;
  options.schema = folder.write(
      "clicks.toml",
      "separator = \";\"\n[columns]\nwhen = { role = \"time\" }\nwho = { role = \"user\" }\n"
      "what = { role = \"item\" }\nprice = { kind = \"number\", context = true }\n"
      "click = { kind = \"number\" }\n[items]\nfile = \"items.csv\"\n"
      "columns = { what = { role = \"item\" }, tags = { kind = \"categories\", separator = \"+\" } }\n");
  const Dataset data = folder.import(folder.path() / "clicks.csv", options);
  BOOST_TEST(data.user_id(data.user()[0]) == "b");
  BOOST_TEST(data.time()[0] == 1577836800);
  BOOST_TEST(data.column("price")->context);
  BOOST_TEST(!data.column("click")->context);
  BOOST_TEST(data.categories("tags")->at(*data.find_item("x")).size() == 2u);
  options.schema = folder.write("bad.toml", "[columns]\nwho = { role = \"usr\" }\n");
  const auto failed = import_dataset(folder.path() / "clicks.csv", folder.data(), options);
  BOOST_REQUIRE(!failed);
  BOOST_TEST(failed.error().code == "data.bad_schema");
  BOOST_TEST(failed.error().where.find("bad.toml:2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(malformed_rows_are_counted_shown_and_refused_beyond_the_share) {
  const TemporaryFolder folder;
  std::string text = "userId,movieId,rating,timestamp\n";
  for (int i = 0; i < 98; ++i) text += "1,10,5," + std::to_string(i) + "\n";
  text += "1,10\n1,10,many,3\n";
  const auto file = folder.write("ratings.csv", text);
  ImportOptions options;
  options.name = "test";
  options.max_malformed = 0.05;
  const auto report = import_dataset(file, folder.data(), options);
  BOOST_REQUIRE(report);
  BOOST_TEST(report->rows == 98u);
  BOOST_TEST(report->malformed == 2u);
  BOOST_REQUIRE(report->first_malformed.size() == 2u);
  BOOST_TEST(report->first_malformed[0].line == 100u);
  const std::string hash = Dataset::open(report->directory)->hash();
  options.max_malformed = 0.01;
  const auto refused = import_dataset(file, folder.data(), options);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == "data.malformed_rows");
  BOOST_TEST(refused.error().where.find("ratings.csv:100") != std::string::npos);
  BOOST_TEST(Dataset::open(report->directory)->hash() == hash);  // what was there stays
}

BOOST_AUTO_TEST_CASE(a_new_import_replaces_the_old_whole_and_leaves_nothing_beside) {
  const TemporaryFolder folder;
  const Dataset first = folder.import(folder.write("u.data", "1\t1\t5\t1\n"));
  const Dataset second = folder.import(folder.write("u.data", "1\t1\t5\t1\n1\t2\t5\t2\n"));
  BOOST_TEST(first.rows() == 1u);
  BOOST_TEST(first.item()[0] == 0u);  // still mapped
  BOOST_TEST(second.rows() == 2u);
  BOOST_TEST(first.hash() != second.hash());
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.data())) ++entries;
  BOOST_TEST(entries == 1u);
}

BOOST_AUTO_TEST_CASE(names_that_lead_elsewhere_are_refused) {
  const TemporaryFolder folder;
  const auto file = folder.write("u.data", "1\t1\t5\t1\n");
  for (const char* name : {"../x", ".hidden", "a/b", "-x", "a b"}) {
    ImportOptions options;
    options.name = name;
    const auto refused = import_dataset(file, folder.data(), options);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == "data.bad_name");
  }
  BOOST_TEST(import_dataset(folder.path() / "none", folder.data(), {}).error().code == "data.no_such_file");
  BOOST_TEST(import_dataset(folder.write("x.txt", "hello"), folder.data(), {}).error().code ==
             "data.unknown_format");
}

BOOST_AUTO_TEST_CASE(what_is_damaged_or_newer_is_not_opened) {
  const TemporaryFolder folder;
  BOOST_TEST(Dataset::open(folder.path()).error().code == "data.not_a_dataset");
  folder.import(folder.write("u.data", "1\t1\t5\t1\n1\t2\t5\t2\n"));
  folder.write("data/test/time.times", "short");
  BOOST_TEST(Dataset::open(folder.data() / "test").error().code == "data.corrupt");
  folder.import(folder.write("u.data", "1\t1\t5\t1\n1\t2\t5\t2\n"));
  folder.write("data/test/user.codes", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
  BOOST_TEST(Dataset::open(folder.data() / "test").error().code == "data.corrupt");
  folder.write("data/test/manifest.json", "{\"format\": 99}");
  BOOST_TEST(Dataset::open(folder.data() / "test").error().code == "data.newer_format");
}

BOOST_AUTO_TEST_CASE(records_follow_rfc_4180_and_reading_goes_on_after_a_broken_one) {
  RecordReader reader("a,\"b\nc\",\"d\"\"e\"\r\n\n\"open,1\nx,\"y\"z\nlast,", ",", true);
  RecordReader::Record record;
  BOOST_REQUIRE(reader.next(record));
  BOOST_TEST((record.fields == std::vector<std::string>{"a", "b\nc", "d\"e"}));
  BOOST_REQUIRE(reader.next(record));
  BOOST_TEST(record.line == 4u);
  BOOST_TEST(!record.error.empty());
  BOOST_REQUIRE(reader.next(record));
  BOOST_TEST(record.line == 5u);
  BOOST_TEST(!record.error.empty());
  BOOST_REQUIRE(reader.next(record));
  BOOST_TEST(record.error.empty());
  BOOST_TEST((record.fields == std::vector<std::string>{"last", ""}));
  BOOST_TEST(!reader.next(record));
}

BOOST_AUTO_TEST_CASE(random_bytes_are_an_error_or_a_data_set_and_never_a_crash) {
  const TemporaryFolder folder;
  const unsigned seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const std::string alphabet = "\t,:|\"\n\r0159.-eaN\xFF\xC3\xA9 \0::";
  const char* names[] = {"u.data", "ratings.dat", "ratings.csv", "x.inter", "x.txt"};
  const char* heads[] = {"",
                         "userId,movieId,rating,timestamp\n",
                         "user_id:token\titem_id:token\tr:float\n",
                         "1 1:1 2:1\n",
                         "1\t1\t1\t1\n",
                         "1::1::1::1\n",
                         "\"movieId\",\"userId\",\"title\"\n"};
  for (int i = 0; i < 300; ++i) {
    std::string text = heads[random() % std::size(heads)];
    for (unsigned n = random() % 200; n > 0; --n) text += alphabet[random() % alphabet.size()];
    ImportOptions options;
    options.name = "fuzz";
    options.max_malformed = 1;
    const auto report =
        import_dataset(folder.write(names[random() % std::size(names)], text), folder.data(), options);
    if (report)
      BOOST_TEST(bool(Dataset::open(report->directory)));
    else
      BOOST_TEST(report.error().code.starts_with("data."));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace automodel::recsys
