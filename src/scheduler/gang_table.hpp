#pragma once

/// What the scheduler knows of gangs beside their task records: those that have not ended, their
/// attempts that are under way, and the communicators of their members.

#include "tutti/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
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
  bool started = false;
  bool stopped = false;  ///< it has failed or was cancelled, and all members were told
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

  /// The number for these members, which are in no other gang until release() or drop().
  std::uint32_t acquire(const std::vector<std::int32_t>& members) {
    Entry& entry = entries_[members];
    if (entry.number == 0) entry.number = ++numbers_;
    entry.in_use = true;
    entry.last_use = ++uses_;
    return entry.number;
  }
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
      words.push_back(entry.number);
      for (const std::int32_t rank : members) words.push_back(static_cast<std::uint64_t>(rank));
    }
  }

 private:
  struct Entry {
    std::uint32_t number = 0;
    bool in_use = false;
    std::uint64_t last_use = 0;
  };
  std::map<std::vector<std::int32_t>, Entry> entries_;
  std::size_t kept_max_;
  std::uint32_t numbers_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace tutti::scheduler
