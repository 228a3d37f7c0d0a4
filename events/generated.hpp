// The generated value types. Included from here only, so that compilers see them with warnings off.
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "events/schema/autofeature_state_generated.h"
#include "events/schema/autoperf_state_generated.h"
#include "events/schema/autotrain_state_generated.h"
#include "events/schema/command_generated.h"
#include "events/schema/coordinator_state_generated.h"
#include "events/schema/envelope_generated.h"
#include "events/schema/event_generated.h"
#include "events/schema/job_generated.h"
#include "events/schema/memory_generated.h"
#include "events/schema/recommender_state_generated.h"
#include "events/schema/session_generated.h"
#include "events/schema/values_generated.h"
#pragma GCC diagnostic pop
