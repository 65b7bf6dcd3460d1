#include "runtime/relay.hpp"

#include "tutti/check.hpp"

#include <algorithm>
#include <utility>

namespace tutti::runtime {
namespace {

/// Above the tags of DataExchange. Ranks enter relays in one order, and pieces of a pair match in
/// theirs.
constexpr std::uint32_t relay_tag = 1u << 14;
/// Pieces under way between two ranks.
constexpr std::size_t window = 4;

}  // namespace

void Relay::run(transport::Transport& transport, const std::vector<int>& ranks,
                const std::vector<MutableBuffer>& buffers, transport::Done done) {
  const auto own = std::ranges::find(ranks, transport.rank());
  check(own != ranks.end(), "a rank in a relay is one of its row");
  auto relay = std::shared_ptr<Relay>(new Relay(transport, std::move(done)));
  if (own != ranks.begin()) relay->from_ = *(own - 1);
  if (own + 1 != ranks.end()) relay->to_ = *(own + 1);
  for (const MutableBuffer& buffer : buffers) {
    for (std::size_t at = 0; at < buffer.size; at += piece_bytes_max)
      relay->pieces_.push_back({buffer.data + at, std::min(piece_bytes_max, buffer.size - at)});
  }
  relay->start();
}

void Relay::start() {
  here_.assign(pieces_.size(), from_ < 0);
  if (from_ < 0) {
    asked_ = pieces_.size();
    received_ = pieces_.size();
  }
  for (std::size_t ahead = 0; ahead < window; ++ahead) receive_next();
  send_ready();
  finish_if_done();
}

void Relay::receive_next() {
  if (asked_ == pieces_.size()) return;
  const std::size_t piece = asked_++;
  transport_.receive_bulk(from_, relay_tag, pieces_[piece], [self = shared_from_this(), piece] {
    self->here_[piece] = true;
    ++self->received_;
    self->receive_next();
    self->send_ready();
    self->finish_if_done();
  });
}

void Relay::send_ready() {
  if (to_ < 0) return;
  while (passed_on_ < pieces_.size() && here_[passed_on_] && passed_on_ - sent_ < window) {
    const MutableBuffer& piece = pieces_[passed_on_++];
    transport_.send_bulk(to_, relay_tag, {piece.data, piece.size}, [self = shared_from_this()] {
      ++self->sent_;
      self->send_ready();
      self->finish_if_done();
    });
  }
}

void Relay::finish_if_done() {
  if (received_ < pieces_.size() || (to_ >= 0 && sent_ < pieces_.size()) || !done_) return;
  std::exchange(done_, {})();
}

}  // namespace tutti::runtime
