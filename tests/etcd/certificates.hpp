#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace catflap::calico {

/// Certificates of a test, made with openssl in one folder: NAME.pem and NAME.key. Everything throws.
class Certificates {
 public:
  explicit Certificates(std::filesystem::path folder) : folder_(std::move(folder)) {}

  struct Request {
    std::string name;       ///< of the files
    std::string ca = "ca";  ///< who signs
    std::string alternative_names = "IP:127.0.0.1,DNS:localhost";
    std::string usage = "serverAuth,clientAuth";
    int days = 2;  ///< negative: has expired
  };
  void make_ca(const std::string& name) const;
  void make(const Request& request) const;

  std::filesystem::path certificate(const std::string& name) const { return folder_ / (name + ".pem"); }
  std::filesystem::path key(const std::string& name) const { return folder_ / (name + ".key"); }

 private:
  void openssl(const std::vector<std::string>& arguments) const;
  std::filesystem::path folder_;
};

}  // namespace catflap::calico
