// The program's log: lines on stderr, so that stdout stays for results.
#pragma once

#include <spdlog/spdlog.h>

#include <memory>

namespace automodel::actors {

/// Made at the first call; safe from any thread.
spdlog::logger& log();

}  // namespace automodel::actors
