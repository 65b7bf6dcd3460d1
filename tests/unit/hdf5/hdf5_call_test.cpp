#include "hdf5/hdf5_call.hpp"

#include "files.hpp"
#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"

#include <doctest/doctest.h>

using namespace tutti::hdf5;

namespace {

herr_t own_printer(hid_t, void*) { return 0; }

}  // namespace

TEST_CASE("a failing call says what was done to what, the function and HDF5's reason") {
  const CallScope scope("read", "x", "a.h5");
  std::string sentence;
  try {
    call::open_file("/no/such/file.h5", call::create_property_list(H5P_FILE_ACCESS));
  } catch (const tutti::Error& error) {
    sentence = error.what();
  }
  CHECK(sentence.starts_with("could not read 'x' of 'a.h5': H5Fopen failed: unable to open file"));
  CHECK(sentence.find("No such file or directory") != std::string::npos);
}

TEST_CASE("the user's printing of errors is put back") {
  const tutti::hdf5_guard guard;
  H5E_auto2_t before = nullptr;
  void* data_before = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &before, &data_before);
  int mine = 0;
  H5Eset_auto2(H5E_DEFAULT, own_printer, &mine);
  {
    const QuietScope quiet;
    const QuietScope inner;
  }
  H5E_auto2_t after = nullptr;
  void* data_after = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &after, &data_after);
  H5Eset_auto2(H5E_DEFAULT, before, data_before);
  const bool put_back = after == own_printer;
  CHECK(put_back);
  CHECK(data_after == &mine);
}

TEST_CASE("an Id is closed once, also after it was moved") {
  const CallScope scope("test", "", "nothing");
  hid_t raw = H5I_INVALID_HID;
  {
    Id first = call::create_space({2, 3});
    Id second = std::move(first);
    raw = second.get();
    CHECK(first.get() < 0);
    CHECK(H5Iis_valid(raw) > 0);
    CHECK(call::extent_of(second) == Shape{2, 3});
  }
  CHECK(H5Iis_valid(raw) == 0);
}

TEST_CASE("a file does not keep when it was written") {
  const test::TemporaryDirectory directory;
  File file = File::create(directory / "a.h5");
  file.create_dataset<double>("x", {1}).write(std::vector{1.0});
  file.close();
  const CallScope scope("test", "", "a.h5");
  const Id opened =
      call::open_file((directory / "a.h5").string(), call::create_property_list(H5P_FILE_ACCESS));
  for (const char* name : {"/", "x"}) {
    H5O_info_t information{};
    CHECK(H5Oget_info_by_name(opened.get(), name, &information, H5P_DEFAULT) >= 0);
    CHECK(information.mtime == 0);
  }
}
