#include "server/http/static_site.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

namespace tessera {
namespace {

namespace fs = std::filesystem;

// A folder with a site in it, removed at the end.
class SiteFolder {
 public:
  SiteFolder() {
    std::string name = (fs::temp_directory_path() / "tessera-site-XXXXXX").string();
    path_ = mkdtemp(name.data());
    write("index.html", "<p>");
    write("app.js", "code");
    write("app.js.br", "br");
    write("app.js.gz", "gzip");
    write("plain.css", "css");
    write(".secret", "secret");
    write("assets/x-1a2b.wasm", "wasm");
    write("sub/index.html", "sub");
    write("../outside-" + path_.filename().string(), "outside");
  }
  ~SiteFolder() {
    fs::remove(path_.parent_path() / ("outside-" + path_.filename().string()));
    fs::remove_all(path_);
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST_CASE("files are found with their types") {
  const SiteFolder folder;
  const StaticSite site(folder.path());
  CHECK(site.find("", "")->content_type == "text/html; charset=utf-8");
  CHECK(site.find("index.html", "")->size_bytes == 3);
  CHECK(site.find("app.js", "")->content_type == "text/javascript; charset=utf-8");
  CHECK(site.find("sub/", "")->path.ends_with("sub/index.html"));
  const auto wasm = site.find("assets/x-1a2b.wasm", "");
  REQUIRE(wasm);
  CHECK(wasm->content_type == "application/wasm");
  CHECK(wasm->cache_control.find("immutable") != std::string_view::npos);
  CHECK(site.find("app.js", "")->cache_control == "no-cache");
}

TEST_CASE("a precompressed sibling is sent to those who accept it") {
  const SiteFolder folder;
  const StaticSite site(folder.path());
  CHECK(site.find("app.js", "gzip, deflate, br")->content_encoding == "br");
  CHECK(site.find("app.js", "gzip")->content_encoding == "gzip");
  CHECK(site.find("app.js", "br;q=0, gzip;q=0.5")->content_encoding == "gzip");
  CHECK(site.find("app.js", "identity")->content_encoding.empty());
  CHECK(site.find("app.js", "br")->content_type == "text/javascript; charset=utf-8");
  CHECK(site.find("plain.css", "br")->content_encoding.empty());
  CHECK(site.find("app.js", "br")->etag != site.find("app.js", "")->etag);
}

TEST_CASE("a sibling of an older build is not sent") {
  const SiteFolder folder;
  const StaticSite site(folder.path());
  fs::last_write_time(folder.path() / "app.js.br",
                      fs::last_write_time(folder.path() / "app.js") - std::chrono::hours(1));
  CHECK(site.find("app.js", "br")->content_encoding.empty());
}

TEST_CASE("paths that leave the folder or name hidden files are not found") {
  const SiteFolder folder;
  const StaticSite site(folder.path());
  const std::string outside = "../outside-" + folder.path().filename().string();
  for (const std::string& path :
       {outside, "sub/../" + outside, std::string(".secret"), std::string("./index.html"),
        std::string("sub//index.html"), std::string("/etc/passwd"), std::string("sub\\index.html"),
        std::string(".."), std::string("nothing")}) {
    INFO(path);
    CHECK_FALSE(site.find(path, ""));
  }
  CHECK_FALSE(StaticSite("").find("", ""));
}

TEST_CASE("the entity tag changes with the file") {
  const SiteFolder folder;
  const StaticSite site(folder.path());
  const std::string before = site.find("plain.css", "")->etag;
  CHECK(site.find("plain.css", "")->etag == before);
  folder.write("plain.css", "other");
  CHECK(site.find("plain.css", "")->etag != before);
}

TEST_CASE("accepted encodings are read with their weights") {
  CHECK(accepts_encoding("br", "br"));
  CHECK(accepts_encoding("gzip;q=1.0, BR ;q=0.1", "br"));
  CHECK(accepts_encoding("*", "br"));
  CHECK_FALSE(accepts_encoding("", "br"));
  CHECK_FALSE(accepts_encoding("brx", "br"));
  CHECK_FALSE(accepts_encoding("br;q=0", "br"));
  CHECK_FALSE(accepts_encoding("br;q=0.000", "br"));
  CHECK_FALSE(accepts_encoding("*;q=0", "br"));
  CHECK_FALSE(accepts_encoding("br;q=0, *", "br"));
}

}  // namespace
}  // namespace tessera
