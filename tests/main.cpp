#define BOOST_TEST_MODULE automodel
#include <boost/test/unit_test.hpp>
