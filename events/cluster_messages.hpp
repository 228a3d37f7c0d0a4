// The generated value types of what nodes say to each other. Apart from events/generated.hpp: only clusters read them.
#pragma once

#include "events/generated.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "events/schema/cluster_generated.h"
#include "events/schema/node_generated.h"
#include "events/schema/peer_generated.h"
#pragma GCC diagnostic pop
