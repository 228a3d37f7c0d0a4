#include "events/codec.hpp"
