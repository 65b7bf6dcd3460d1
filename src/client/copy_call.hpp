#pragma once

/// CopyCall: the copies that one call of the client asked for. Several threads may copy the same
/// values at the same time; each is told of the failures of its own copies alone.

#include "scheduler/commands.hpp"

#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace tutti::client_module {

/// Used under the lock, also when it begins and ends.
class CopyCall {
 public:
  /// It is one of `calls` for as long as it lives.
  explicit CopyCall(std::vector<CopyCall*>& calls) : calls_(calls) { calls_.push_back(this); }
  ~CopyCall() { std::erase(calls_, this); }
  CopyCall(const CopyCall&) = delete;
  CopyCall& operator=(const CopyCall&) = delete;

  /// The piece is to come to these ranks; one that has it already does not matter.
  void expect(const scheduler::Piece& piece, std::span<const std::int32_t> ranks) {
    pieces_.push_back(piece);
    for (const std::int32_t rank : ranks) copies_.emplace(piece, rank);
  }
  void note_failure(const scheduler::Piece& piece, std::int32_t rank) {
    if (copies_.contains({piece, rank})) failed_rank_ = rank;
  }

  const std::vector<scheduler::Piece>& pieces() const { return pieces_; }
  /// A rank that could not get what it was to have, or -1.
  std::int32_t failed_rank() const { return failed_rank_; }

 private:
  std::vector<CopyCall*>& calls_;
  std::vector<scheduler::Piece> pieces_;
  std::set<std::pair<scheduler::Piece, std::int32_t>> copies_;
  std::int32_t failed_rank_ = -1;
};

}  // namespace tutti::client_module
