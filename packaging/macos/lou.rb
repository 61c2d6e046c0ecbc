# Formula for a tap of your own: `brew tap-new YOU/tap`, copy this to Formula/lou.rb, and put the
# digest of the source archive (SHA256SUMS of the release) in place.
class Lou < Formula
  include Language::Python::Virtualenv

  desc "Local MCP servers for Claude Desktop and other MCP clients"
  homepage "https://github.com/lou-app/lou"
  url "https://github.com/lou-app/lou/releases/download/v0.1.0/lou-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "python@3.13"

  def install
    python = Formula["python@3.13"].opt_bin/"python3.13"
    system python, "-m", "venv", libexec
    pip = [libexec/"bin/python", "-m", "pip", "install", "--quiet"]
    system(*pip, "--require-hashes", "--requirement", "packaging/requirements.lock")
    system(*pip, "--no-deps", "--no-build-isolation", ".")
    %w[lou lou-server lou-connect].each { |name| bin.install_symlink libexec/"bin"/name }
  end

  def caveats
    <<~EOS
      Start Lou with `lou`; it waits in the menu bar.
      Before `brew uninstall lou` run `lou uninstall`: it takes Lou's entries out of your clients.
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/lou --version")
  end
end
