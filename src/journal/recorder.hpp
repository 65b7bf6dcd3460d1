#pragma once

/// Recorder: writes results to segments, at once, and seals full segments into parts. One thread
/// writes; another one brings what was written to the disk each second, and seals.

#include "journal/disk.hpp"
#include "journal/frame.hpp"
#include "journal/part.hpp"
#include "journal/paths.hpp"
#include "journal/segment.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tutti::journal {

/// The results of one stretch, as bytes.
struct Payload {
  std::vector<std::uint64_t> row_bytes;  ///< of each, where they differ
  std::vector<ConstBuffer> pieces;       ///< each holds whole results
  std::shared_ptr<const void> owner;     ///< keeps what the pieces point to
};

struct NewResults {
  std::uint32_t series = 0;
  std::uint64_t first_index = 0;
  Circumstances circumstances;
  std::vector<base::ContentHash> keys;
  /// Called on the recorder's thread, as it may run code of the user. May throw.
  std::function<Payload()> make;
  std::uint64_t bytes = 0;  ///< estimated, for limits
};

struct RecorderOptions {
  /// Told once, by any thread: why nothing more is recorded, or a result that could not be.
  std::function<void(const std::string& sentence)> warn = [](const std::string&) {};
  /// The first thing that a thread of the recorder does.
  std::function<void(const char* name)> thread_setup = [](const char*) {};
  /// A segment is sealed from this size on, in bytes.
  std::uint64_t segment_bytes = 64 << 20;
  /// Results from this size on are large, in bytes.
  std::uint64_t large_bytes = 32 << 10;
  /// Large results that come together and take so many bytes become a part at once.
  std::uint64_t part_bytes = 24 << 20;
  std::chrono::milliseconds sync_interval{1000};
  std::chrono::milliseconds view_interval{60'000};
};

/// Where numbers go on.
struct RecorderStart {
  std::uint64_t segment = 1;
  std::uint64_t part = 1;
  std::uint64_t sequence = 0;
  std::vector<PartSummary> parts;  ///< that are there
};

class Recorder {
 public:
  Recorder(Paths paths, RecorderOptions options, RecorderStart start);
  /// Like close().
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Any thread may call these; none of them waits for the disk.
  std::uint32_t series(const Series& series);
  void append(NewResults results);
  void append(Failure failure);
  /// Bytes that were appended and are not written.
  std::uint64_t pending_bytes() const;
  /// The disk failed: what is appended is dropped.
  bool has_failed() const;

  /// Waits until all that was appended is written (and would survive the end of this process).
  void flush();
  /// Writes and seals what is left, and the view. Does not throw; problems are told by `warn`.
  void close();

 private:
  struct Item {
    NewResults results;
    std::optional<Failure> failure;
  };
  struct Sealable {
    std::shared_ptr<AppendedFile> file;
    std::uint64_t number = 0;
  };
  /// Parts that wait to be on the disk at most.
  static constexpr std::size_t unsynced_max = 8;

  void add(Item item);
  void write_loop();
  bool await_items(std::unique_lock<std::mutex>& lock);
  void process(std::vector<Item>& items);
  std::vector<Block> make_blocks(std::vector<Item>& items,
                                 std::vector<std::shared_ptr<const void>>& owners);
  void write_part_at_once(std::vector<Block> blocks);
  void write_frames(std::vector<Block>& blocks);
  void add_frame(FrameBatch& batch, Block& block);
  void begin_segment();
  void end_segment();
  std::vector<Series> series_now() const;

  void sync_loop();
  void sync(std::unique_lock<std::mutex>& lock);
  void seal(const Sealable& segment);
  void finish_part(PartSummary part);
  bool has_more_to_do() const { return !to_seal_.empty() || !to_sync_.empty(); }
  void refresh_view();
  void give_up(const std::string& sentence);

  const Paths paths_;
  const RecorderOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable appended_;  ///< for the thread that writes
  std::condition_variable written_;   ///< for flush()
  std::condition_variable synced_;    ///< for the thread that writes
  std::condition_variable sealable_;  ///< for the thread that seals

  // under the mutex
  std::vector<Series> series_;
  std::deque<Item> items_;
  std::chrono::steady_clock::time_point first_item_;
  std::uint64_t pending_bytes_ = 0;
  bool writing_ = false;
  bool flushing_ = false;
  bool stopping_ = false;
  bool written_all_ = false;
  bool failed_ = false;
  std::shared_ptr<AppendedFile> segment_;
  std::uint64_t synced_bytes_ = 0;  ///< of `segment_`
  std::deque<Sealable> to_seal_;
  std::deque<PartSummary> to_sync_;  ///< parts that were written at once
  std::vector<PartSummary> parts_;
  bool view_is_old_ = false;
  std::uint64_t next_part_;

  // of the thread that writes
  std::uint64_t next_segment_;
  std::uint64_t next_sequence_;
  std::vector<bool> defined_;  ///< in the segment, by number of the series
  Writer stream_;

  // of the thread that seals
  std::chrono::steady_clock::time_point view_written_;

  bool closed_ = false;
  std::thread writer_;
  std::thread sealer_;
};

/// Seals a segment: writes its results as a part and puts that in place of it. The contents without
/// results give no part. Throws Error.
std::optional<PartSummary> seal_segment(const Paths& paths, std::uint64_t segment,
                                        const SegmentContents& contents, std::uint64_t part);

}  // namespace tutti::journal
