#include "memory/io_thread.hpp"

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <string>

namespace tutti::memory {
namespace {

TEST_CASE("work is done in order, what is urgent first") {
  std::string done;
  std::promise<void> go;
  std::promise<void> end;
  IoThread thread([&done] { done += "setup "; });
  thread.post([&] { go.get_future().wait(); });
  thread.post([&] { done += "first "; });
  thread.post([&] {
    done += "second";
    end.set_value();
  });
  thread.post_urgent([&] { done += "urgent "; });
  go.set_value();
  end.get_future().wait();
  CHECK_EQ(done, "setup urgent first second");
}

TEST_CASE("what comes after the end is dropped, also what is posted by what is dropped") {
  bool ran = false;
  IoThread thread([] {});
  std::promise<void> done;
  thread.post([&] { done.set_value(); });
  done.get_future().wait();
  thread.stop();
  struct Posts {
    IoThread& thread;
    bool& ran;
    ~Posts() {
      thread.post([this_ran = &ran] { *this_ran = true; });
    }
  };
  thread.post([posts = std::shared_ptr<Posts>(new Posts{thread, ran})] {});
  thread.post_urgent([&] { ran = true; });
  thread.stop();
  CHECK_FALSE(ran);
}

}  // namespace
}  // namespace tutti::memory
