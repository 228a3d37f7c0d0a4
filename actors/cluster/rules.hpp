// The rules that keep the protocol right, each as a switch. Programs never touch it: the simulation breaks
// one rule at a time to show that its checker would find the fault.
#pragma once

namespace automodel::cluster {

struct Rules {
  bool drop_repeats = true;  // a channel delivers a number once
};

}  // namespace automodel::cluster
