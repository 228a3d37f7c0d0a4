// The rules that keep the protocol right, each as a switch. Programs never touch it: the simulation breaks
// one rule at a time to show that its checker finds the fault.
#pragma once

namespace automodel::cluster {

struct Rules {
  bool drop_repeats = true;           // a channel delivers a number once
  bool answer_after_commit = true;    // a command is answered when the agent has answered
  bool higher_epoch_wins = true;      // in the directory
  bool activate_after_commit = true;  // a target does nothing before it heard of the commit
  bool ask_when_in_doubt = true;      // a target that holds everything waits for the source's word
  bool prepared_when_durable = true;  // a part is acknowledged when it is on the disk
  bool send_tail = true;              // what came between the bulk and the freeze is sent
  bool send_inbox = true;             // the deduplication table moves
  bool send_outbox = true;            // the messages that were not yet acknowledged move
  bool unfreeze_after_answer = true;  // the watchdog waits for the store's answer to the commit
  bool remember_commit = true;        // a source that starts again knows what it gave away
  bool raise_epoch = true;            // the commit fences the source's appends
};

}  // namespace automodel::cluster
