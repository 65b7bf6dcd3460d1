#pragma once

/// What the scheduler knows of gangs beside their task records: those that have not ended, their
/// attempts that are under way, and the communicators of their members.

#include "protocol/messages.hpp"
#include "tutti/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace tutti::scheduler {

/// A gang that has not ended.
struct GangRecord {
  std::uint32_t size = 1;
  std::uint32_t overtaken = 0;  ///< by so many that came later
  std::uint64_t run = 0;        ///< the attempt that is under way; 0: none
};

/// An attempt of a gang, from the time its members are chosen until the last one has ended. It
/// outlives the gang when that fails or is cancelled.
struct GangRun {
  TaskId task;
  std::uint32_t communicator = 0;
  std::vector<std::int32_t> members;  ///< ranks, ascending; the first one gives the result
  std::vector<std::uint8_t> ended;    ///< by member
  std::uint32_t ready = 0;            ///< members that have slots
  std::uint32_t left = 0;             ///< members that have not ended
  std::uint64_t result_bytes = 0;
  bool is_known = false;  ///< the communicator, to its members
  bool started = false;
  bool stopped = false;  ///< it has failed or was cancelled, and all members were told

  /// The place of a rank among the members; their number when it is none.
  std::size_t index_of(std::int32_t rank) const {
    const auto found = std::ranges::lower_bound(members, rank);
    return found == members.end() || *found != rank
               ? members.size()
               : static_cast<std::size_t>(found - members.begin());
  }
};

/// Numbers for communicators, by their members. A number that was given out is not used again for
/// other members, nor for the same ones after a failure.
class CommunicatorTable {
 public:
  struct Dropped {
    std::uint32_t number;
    std::vector<std::int32_t> members;
  };
  explicit CommunicatorTable(std::size_t kept_max) : kept_max_(kept_max) {}

  struct Entry {
    std::uint32_t number = 0;
    bool is_made = false;
    bool in_use = false;
    std::uint64_t last_use = 0;
  };
  /// That of these members, which are in no other gang until release() or drop().
  const Entry& acquire(const std::vector<std::int32_t>& members) {
    Entry& entry = entries_[members];
    if (entry.number == 0) entry.number = ++numbers_;
    entry.in_use = true;
    entry.last_use = ++uses_;
    return entry;
  }
  /// Its members begin, and so have made it, or will.
  void note_made(const std::vector<std::int32_t>& members) { entries_.at(members).is_made = true; }
  void release(const std::vector<std::int32_t>& members, std::uint32_t number) {
    const auto found = entries_.find(members);
    if (found != entries_.end() && found->second.number == number) found->second.in_use = false;
  }
  /// The members need a new one next time.
  void drop(const std::vector<std::int32_t>& members) { entries_.erase(members); }
  /// Takes those out that were not used for longest, when there are too many.
  std::vector<Dropped> shrink() {
    std::vector<Dropped> dropped;
    while (entries_.size() > kept_max_) {
      auto oldest = entries_.end();
      for (auto each = entries_.begin(); each != entries_.end(); ++each) {
        if (each->second.in_use) continue;
        if (oldest == entries_.end() || each->second.last_use < oldest->second.last_use)
          oldest = each;
      }
      if (oldest == entries_.end()) break;
      dropped.push_back({oldest->second.number, oldest->first});
      entries_.erase(oldest);
    }
    return dropped;
  }
  void describe(std::vector<std::uint64_t>& words) const {
    for (const auto& [members, entry] : entries_) {
      words.insert(words.end(), {entry.number, entry.is_made ? 1u : 0u});
      for (const std::int32_t rank : members) words.push_back(static_cast<std::uint64_t>(rank));
    }
  }

 private:
  std::map<std::vector<std::int32_t>, Entry> entries_;
  std::size_t kept_max_;
  std::uint32_t numbers_ = 0;
  std::uint64_t uses_ = 0;
};

/// The message for a member; it points into the run.
inline protocol::AssignMember member_message(const GangRun& run, std::uint64_t number,
                                             std::int32_t worker,
                                             const protocol::AssignTask& task) {
  protocol::AssignMember message;
  message.task = task;
  message.run = number;
  message.index = static_cast<std::uint32_t>(run.index_of(worker));
  message.size = static_cast<std::uint32_t>(run.members.size());
  message.communicator = run.communicator;
  if (!run.is_known) {
    message.members =
        protocol::PackedList<std::int32_t>(std::span<const std::int32_t>(run.members));
  }
  return message;
}

}  // namespace tutti::scheduler
