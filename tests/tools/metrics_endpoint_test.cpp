// The endpoint as Prometheus sees it: a GET over TCP.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "tests/storage/support.hpp"
#include "tools/automodel/metrics_endpoint.hpp"

using namespace automodel;
using namespace automodel::storage::testing;
using tools::MetricsEndpoint;

namespace {

std::string get(const std::string& address, const std::string& path) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  BOOST_REQUIRE(::write(descriptor, request.data(), request.size()) == std::ssize(request));
  std::string answer;
  char part[4096];
  for (ssize_t got = 0; (got = ::read(descriptor, part, sizeof part)) > 0;)
    answer.append(part, static_cast<std::size_t>(got));
  ::close(descriptor);
  return answer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_endpoint)

BOOST_AUTO_TEST_CASE(it_tells_of_the_store_as_it_is_while_it_is_written_to) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const auto endpoint = value(MetricsEndpoint::start("127.0.0.1:0", directory.path()));
  BOOST_TEST(get(endpoint->address(), "/metrics").find("\nautomodel_store_events 0\n") != std::string::npos);
  value(store->append(one("a")));
  const std::string answer = get(endpoint->address(), "/metrics");
  BOOST_TEST(answer.starts_with("HTTP/1.1 200"));
  BOOST_TEST(answer.find("# TYPE automodel_store_events gauge\n") != std::string::npos);
  BOOST_TEST(answer.find("\nautomodel_store_events 1\n") != std::string::npos);
  BOOST_TEST(answer.find("\nautomodel_store_up 1\n") != std::string::npos);
  BOOST_TEST(answer.find("automodel_store_table_entries{table=\"events\"} 1\n") != std::string::npos);
  BOOST_TEST(get(endpoint->address(), "/other").starts_with("HTTP/1.1 404"));
}

BOOST_AUTO_TEST_CASE(a_store_that_runs_tells_what_it_does) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const auto endpoint = value(MetricsEndpoint::start("127.0.0.1:0", directory.path()));
  BOOST_TEST(get(endpoint->address(), "/metrics").find("appends_total") == std::string::npos);
  endpoint->watch(*store);
  value(store->append(one("a")));
  value(store->append(one("a")));
  const std::string answer = get(endpoint->address(), "/metrics");
  for (const char* line :
       {"# TYPE automodel_store_appends_total counter", "automodel_store_appends_total{outcome=\"held\"} 2",
        "automodel_store_appended_events_total 2", "# TYPE automodel_store_commit_writes histogram",
        "automodel_store_commit_writes_bucket{le=\"1\"} 2",
        "automodel_store_commit_writes_bucket{le=\"+Inf\"} 2", "automodel_store_commit_writes_sum 2",
        "automodel_store_commit_seconds_count 2", "automodel_store_subscribers 0",
        "automodel_store_longest_reader_seconds 0"})
    BOOST_TEST(answer.find(std::string("\n") + line + "\n") != std::string::npos, line << " in " << answer);
}

BOOST_AUTO_TEST_CASE(a_store_that_is_gone_is_said_and_not_an_end) {
  TemporaryDirectory directory;
  const auto endpoint = value(MetricsEndpoint::start("127.0.0.1:0", directory.path() / "none"));
  BOOST_TEST(get(endpoint->address(), "/metrics").find("\nautomodel_store_up 0\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_addresses_and_taken_ones_are_refused) {
  TemporaryDirectory directory;
  for (const char* address : {"", "9464", "0.0.0.0:9464", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:1x"})
    BOOST_TEST(code_of(MetricsEndpoint::start(address, directory.path())) == "metrics.bad_address", address);
  const auto endpoint = value(MetricsEndpoint::start("127.0.0.1:0", directory.path()));
  BOOST_TEST(code_of(MetricsEndpoint::start(endpoint->address(), directory.path())) == "metrics.cannot_bind");
}

BOOST_AUTO_TEST_SUITE_END()
