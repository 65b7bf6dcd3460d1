#pragma once

/// Exhaustive: walks every choice of a small world by running it again from the start, one path
/// after the other.
///
///     Exhaustive walk;
///     do { World world; while (world.can_go_on()) world.act(walk.choose(world.actions())); } while
///     (walk.next());

#include "tutti/check.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace tutti::testing {

class Exhaustive {
 public:
  /// One of 0 ... choices - 1. The world must offer the same choices when it is run again.
  std::size_t choose(std::size_t choices) {
    check(choices > 0, "there is something to choose");
    if (depth_ == path_.size()) path_.push_back({0, choices});
    check(path_[depth_].choices == choices, "a world that is run again offers the same choices");
    return path_[depth_++].taken;
  }
  /// False when the world has been in this state before, on another path: what follows has been
  /// walked.
  bool is_new(std::uint64_t fingerprint) {
    if (depth_ < path_.size()) return true;
    return seen_.insert(fingerprint).second;
  }
  /// Turns to the next path; false when all have been walked.
  bool next() {
    ++paths_;
    path_.resize(depth_);
    while (!path_.empty() && path_.back().taken + 1 == path_.back().choices) path_.pop_back();
    depth_ = 0;
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
  }
  std::uint64_t paths() const { return paths_; }
  std::size_t states() const { return seen_.size(); }

 private:
  struct Choice {
    std::size_t taken;
    std::size_t choices;
  };
  std::vector<Choice> path_;
  std::unordered_set<std::uint64_t> seen_;
  std::size_t depth_ = 0;
  std::uint64_t paths_ = 0;
};

}  // namespace tutti::testing
