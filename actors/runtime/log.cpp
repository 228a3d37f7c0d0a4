#include "actors/runtime/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace automodel::actors {

spdlog::logger& log() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("automodel",
                                                 std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *logger;
}

}  // namespace automodel::actors
