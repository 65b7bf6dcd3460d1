#include "memory/spill_file.hpp"

#include "base/fast_xxhash.hpp"
#include "memory/local_directory.hpp"
#include "tutti/bytes.hpp"
#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace tutti::memory {
namespace {

/// Buffers of a value from this size on are written from where they lie, in bytes.
constexpr std::size_t buffer_bytes_min = 4 * 1024;
/// The kernel moves at most 2 GiB in one call. (Parts that fit into a cache, where their checksum
/// would find them, were slower.)
constexpr std::uint64_t call_bytes_max = std::uint64_t{1} << 30;
constexpr std::size_t pieces_max = 512;
static_assert(pieces_max <= IOV_MAX);

using Pieces = std::vector<iovec>;

/// The pieces from `first` on that one call may move, of which `skip` bytes of the first are done.
Pieces next_pieces(const Pieces& pieces, std::size_t first, std::uint64_t skip) {
  Pieces result;
  std::uint64_t bytes = 0;
  for (; first < pieces.size() && result.size() < pieces_max && bytes < call_bytes_max; ++first) {
    iovec piece = pieces[first];
    piece.iov_base = static_cast<std::byte*>(piece.iov_base) + skip;
    piece.iov_len = std::min<std::uint64_t>(piece.iov_len - skip, call_bytes_max - bytes);
    skip = 0;
    bytes += piece.iov_len;
    result.push_back(piece);
  }
  return result;
}

struct StateFree {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

class Checksum {
 public:
  Checksum() : state_(XXH3_createState()) {
    check(state_ != nullptr && XXH3_64bits_reset(state_.get()) == XXH_OK, "a checksum can begin");
  }
  void add(const Pieces& pieces, std::uint64_t bytes) {
    for (const iovec& piece : pieces) {
      const std::uint64_t part = std::min<std::uint64_t>(bytes, piece.iov_len);
      XXH3_64bits_update(state_.get(), piece.iov_base, static_cast<std::size_t>(part));
      bytes -= part;
    }
  }
  std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, StateFree> state_;
};

struct Moved {
  int problem = 0;  ///< 0, or errno; EIO when the file ends
  std::uint64_t checksum = 0;
};

/// Moves all pieces by `call(pieces, number, offset)`, which does a part of them.
template <class Call>
Moved move_all(const Pieces& pieces, std::uint64_t offset, Call call) {
  Checksum checksum;
  std::size_t first = 0;
  std::uint64_t skip = 0;
  for (;;) {
    while (first < pieces.size() && pieces[first].iov_len <= skip) {
      skip -= pieces[first].iov_len;
      ++first;
    }
    if (first == pieces.size()) return {0, checksum.value()};
    const Pieces next = next_pieces(pieces, first, skip);
    const ssize_t moved =
        call(next.data(), static_cast<int>(next.size()), static_cast<off_t>(offset));
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return {moved < 0 ? errno : EIO, 0};
    checksum.add(next, static_cast<std::uint64_t>(moved));
    offset += static_cast<std::uint64_t>(moved);
    skip += static_cast<std::uint64_t>(moved);
  }
}

iovec piece_of(ConstBuffer buffer) { return {const_cast<std::byte*>(buffer.data), buffer.size}; }

std::string megabytes(std::uint64_t bytes) {
  return std::to_string(bytes / 1'000'000) + "." + std::to_string(bytes / 100'000 % 10) + " MB";
}

}  // namespace

std::uint64_t SpilledValue::bytes() const {
  std::uint64_t sum = stream_bytes;
  for (const std::uint64_t each : buffer_bytes) sum += each;
  return sum;
}

struct SpillFile::Shared {
  std::mutex mutex;
  FileSpace space;
  int file = -1;
  std::function<void(std::function<void()>)> later;

  ~Shared() {
    if (file >= 0) ::close(file);
  }
  /// Gives the disk's blocks back, then the place: until then nobody else writes there.
  void release(Extent extent) {
    ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(extent.offset),
                static_cast<off_t>(extent.bytes));
    const std::lock_guard lock(mutex);
    space.release(extent);
  }
};

SpillFile::SpillFile(SpillFileOptions options, std::function<void(std::function<void()>)> later)
    : options_(std::move(options)), shared_(std::make_shared<Shared>()) {
  shared_->later = std::move(later);
}

SpillFile::~SpillFile() {
  const std::lock_guard lock(shared_->mutex);
  shared_->later = nullptr;
}

std::uint64_t SpillFile::used_bytes() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->space.used_bytes();
}

int SpillFile::open_file() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->file < 0) shared_->file = open_unnamed_file(options_.directory, options_.rank);
  return shared_->file;
}

Extent SpillFile::take(std::uint64_t bytes) {
  const std::string rank = "rank " + std::to_string(options_.rank);
  const std::uint64_t available = free_bytes(open_file());
  const std::lock_guard lock(shared_->mutex);
  FileSpace& space = shared_->space;
  const std::uint64_t wanted = FileSpace::rounded(bytes);
  if (options_.bytes_max != 0 && space.used_bytes() + wanted > options_.bytes_max) {
    throw Error(ErrorCode::no_memory,
                rank + " may not spill " + megabytes(bytes) + " more: it has spilled " +
                    megabytes(space.used_bytes()) + " to " + options_.directory +
                    ", and the option spill_limit allows " + megabytes(options_.bytes_max));
  }
  if (wanted > available) {
    throw Error(ErrorCode::no_memory, rank + " cannot spill " + megabytes(bytes) + " to " +
                                          options_.directory + ": the disk is full, " +
                                          megabytes(available) + " are left");
  }
  return space.take(bytes);
}

void SpillFile::give_up(Extent extent, std::uint64_t bytes, int problem) {
  shared_->release(extent);
  const bool full = problem == ENOSPC || problem == EDQUOT || problem == EFBIG;
  throw Error(full ? ErrorCode::no_memory : ErrorCode::io,
              "rank " + std::to_string(options_.rank) + " cannot spill " + megabytes(bytes) +
                  " to " + options_.directory + ": " + std::strerror(problem));
}

SpilledPtr SpillFile::write(const detail::Value& value) {
  Writer writer(buffer_bytes_min);
  value.ops().write(value, writer);
  auto spilled = std::make_unique<SpilledValue>();
  spilled->ops = &value.ops();
  spilled->stream_bytes = writer.size();
  Pieces buffers;
  for (const ConstBuffer& buffer : writer.buffers()) {
    spilled->buffer_bytes.push_back(buffer.size);
    buffers.push_back(piece_of(buffer));
  }
  spilled->extent = take(std::max<std::uint64_t>(1, spilled->bytes()));
  const auto write_from = [&](const Pieces& all, std::uint64_t at) {
    const Moved moved = move_all(all, at, [this](const iovec* pieces, int number, off_t offset) {
      return ::pwritev(shared_->file, pieces, number, offset);
    });
    if (moved.problem != 0) give_up(spilled->extent, spilled->bytes(), moved.problem);
    return moved.checksum;
  };
  const std::uint64_t begin = spilled->extent.offset;
  spilled->stream_checksum = write_from({piece_of({writer.bytes().data(), writer.size()})}, begin);
  spilled->buffers_checksum = write_from(buffers, begin + spilled->stream_bytes);
  return {spilled.release(), [shared = shared_](const SpilledValue* place) {
            const Extent extent = place->extent;
            delete place;
            std::function<void(std::function<void()>)> later;
            {
              const std::lock_guard lock(shared->mutex);
              later = shared->later;
            }
            // Without anybody who has time the file is about to go as a whole.
            if (later) later([shared, extent] { shared->release(extent); });
          }};
}

detail::ValuePtr SpillFile::read(const SpilledValue& spilled) {
  const std::string where = "rank " + std::to_string(options_.rank) +
                            " cannot read a value of type " + spilled.ops->type_name() + " (" +
                            megabytes(spilled.bytes()) + ") that it had spilled to a file in " +
                            options_.directory;
  const auto read_into = [&](const Pieces& pieces, std::uint64_t offset, std::uint64_t checksum) {
    const Moved moved = move_all(pieces, offset, [this](const iovec* each, int number, off_t at) {
      return ::preadv(shared_->file, each, number, at);
    });
    if (moved.problem != 0) throw Error(ErrorCode::io, where + ": " + std::strerror(moved.problem));
    if (moved.checksum != checksum) {
      throw Error(ErrorCode::corrupt_data,
                  where +
                      ": other bytes came back than were written (the checksums differ); "
                      "somebody wrote to the file, or the disk is failing");
    }
  };
  Bytes stream(static_cast<std::size_t>(spilled.stream_bytes));
  read_into({{stream.data(), stream.size()}}, spilled.extent.offset, spilled.stream_checksum);
  Reader reader(stream.span(), spilled.buffer_bytes);
  detail::ValuePtr value(spilled.ops->read(reader));
  reader.expect_end();
  Pieces buffers;
  for (const MutableBuffer& buffer : reader.destinations())
    buffers.push_back({buffer.data, buffer.size});
  check(buffers.size() == spilled.buffer_bytes.size(), "a value reads the buffers that it wrote");
  read_into(buffers, spilled.extent.offset + spilled.stream_bytes, spilled.buffers_checksum);
  return value;
}

}  // namespace tutti::memory
