#pragma once

/// What is in a journal, for people: read without its lock, also while somebody writes it.

#include "journal/journal.hpp"
#include "journal/view.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::journal {

struct Inventory {
  struct Segment {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::uint64_t results = 0;
    std::uint64_t torn_bytes = 0;
  };
  std::vector<PartSummary> parts;
  std::vector<Segment> segments;       ///< that are not sealed
  std::vector<std::uint64_t> written;  ///< parts that may not be on the disk
  std::vector<std::string> problems;   ///< sentences: what is damaged and what that loses
  std::string holder;                  ///< who writes it, or empty
};

/// Throws Error (io) when there is no journal. `thoroughly`: reads all that is there.
Inventory take_inventory(const Paths& paths, bool thoroughly);

/// Gives up what is damaged, so that the journal can be opened again: puts parts aside that are
/// none (under their name with `.damaged` behind), and frames between damages stay. Gives a
/// sentence for each. Throws Error; among others when somebody writes the journal.
std::vector<std::string> repair(const Paths& paths);

}  // namespace tutti::journal
