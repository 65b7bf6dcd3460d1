#pragma once

/// Relay: buffers go from the first of a row of ranks to all others, each of which passes them on
/// piece by piece while the next pieces come. Point to point, so that it needs no communicator and
/// can be given up.

#include "transport/transport.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace tutti::runtime {

class Relay : public std::enable_shared_from_this<Relay> {
 public:
  /// `ranks` is the same on all of them, and the first one has the data; `buffers` are where it
  /// lies or goes, of the same sizes on all, and must stay until `done`.
  static void run(transport::Transport& transport, const std::vector<int>& ranks,
                  const std::vector<MutableBuffer>& buffers, transport::Done done);

  /// Longest piece that is passed on at once, in bytes.
  static constexpr std::size_t piece_bytes_max = std::size_t{1} << 20;

 private:
  Relay(transport::Transport& transport, transport::Done done)
      : transport_(transport), done_(std::move(done)) {}
  void start();
  void receive_next();
  void send_ready();
  void finish_if_done();

  transport::Transport& transport_;
  transport::Done done_;
  int from_ = -1;  ///< -1: this rank is the first
  int to_ = -1;    ///< -1: this rank is the last
  std::vector<MutableBuffer> pieces_;
  std::vector<bool> here_;
  std::size_t asked_ = 0;  ///< receives that were posted
  std::size_t received_ = 0;
  std::size_t passed_on_ = 0;  ///< sends that were posted, in the order of the pieces
  std::size_t sent_ = 0;
};

}  // namespace tutti::runtime
