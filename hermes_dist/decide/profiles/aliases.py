"""Aliases: valid names for commands, the text of their scripts, and whom a script belongs to."""

from __future__ import annotations

from hermes_dist.agents.names import RESERVED
from hermes_dist.brand import BRANDS, Brand
from hermes_dist.errors import Invalid
from hermes_dist.lazily import re, shlex
from hermes_dist.light import StrEnum
from hermes_dist.model.paths import AliasName, ProfileName

MARK = "alias kept by hermes-dist"

# The agent takes a file for a wrapper if "hermes -p NAME" is near its beginning. The first such
# text tells it the profile: here the second line.
_SCRIPT = """\
#!/bin/sh
# {name} -p {profile}
# ({mark})
{root}if command -v {name} >/dev/null 2>&1; then
  exec {name} -p {profile} "$@"
fi
launcher={launcher}
if [ -x "$launcher" ]; then
  exec "$launcher" -p {profile} "$@"
fi
echo "no {name} command is on PATH, so the profile {profile} can't be started" >&2
exit 127
"""

_AGENT_VERBS = (
    "acp auth backup chat completion config cron dashboard doctor dump gateway gateways honcho insights login"
    " logout mcp model pairing plugins profile sessions setup skills status tools uninstall update version"
    " whatsapp"
)
_SHELL_WORDS = (
    "alias bg bind break builtin caller case cd command compgen complete continue coproc declare dirs disown"
    " do done echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help"
    " history if in jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly rehash"
    " return select set setopt shift shopt source suspend test then time times trap true type typeset ulimit"
    " umask unalias unset unsetopt until wait whence where which while"
)
_TOOLS = {
    "shells and what they are used with": (
        "7z 7za apropos ash at atq atrm awk base32 base64 basename bash batch bc busybox bzip2 cal cat chattr chgrp"
        " chmod chown chpasswd chroot chsh cksum clear cmp column comm cp cpio cron crontab csh csplit cut dash date"
        " dc dd df diff diff3 dir dircolors dirname dmesg doas du ed egrep elvish emacs env envsubst expand expr"
        " factor fgrep file find finger fish flock fmt fold free fuser gawk getconf getent getfacl getopt grep groups"
        " gunzip gzip halt head hexdump hostname hostnamectl id info init install ionice iostat ip iptables jot"
        " journalctl killall ksh last ldconfig ldd less link ln locale locate logger login logname logrotate losetup"
        " ls lsattr lsblk lscpu lsof lsusb lz4 lzma mail man md5sum mesg mkdir mkfifo mkfs mknod mktemp modprobe more"
        " mount mv nano nice nl nohup nologin nproc nu numfmt od openrc parted passwd paste patch pathchk pgrep pico"
        " pidof ping pinky pkexec pkill poweroff pr printenv ps pstree pwsh rcp readlink realpath reboot recode rename"
        " renice reset rev rm rmdir rsync run-parts runuser scp screen script sed seq service setfacl setpriv setsid"
        " sftp sh sha1sum sha256sum sha512sum shred shuf shutdown sleep sort split ss ssh ssh-add ssh-agent"
        " ssh-copy-id ssh-keygen sshd stat stdbuf strace strings stty su sudo sudoedit sum swapoff swapon sync sysctl"
        " systemctl systemd-run tac tail tar taskset tcsh tee telnet timedatectl timeout tload top touch tput tr"
        " traceroute tree truncate tset tsort tty uname unexpand uniq unlink unxz unzip unzstd uptime useradd userdel"
        " usermod users uudecode uuencode vdir vi view vim vimdiff visudo vmstat w wall watch wc wget whatis whereis"
        " who whoami whois wipe write xargs xz xzcat yes zcat zip zsh zstd"
    ),
    "editors, desktops and terminals": (
        "alacritty bat btop chrome chromium code code-insiders codium cursor dbus-send delta exa explorer eza fd feh"
        " firefox fzf gedit ghostty glow gnome-terminal google-chrome helix htop hx hyperfine kak kate kitty konsole"
        " lazydocker lazygit lf lsd mc micro ncdu neofetch nvim obsidian open osascript pbcopy pbpaste ranger rg"
        " ripgrep safari say slack starship subl tig tldr tmate tmux wezterm windsurf xclip xdg-open xsel yazi zed"
        " zellij zoxide"
    ),
    "versions and forges": (
        "act bzr cvs forgejo fork fossil gh git git-lfs gitea gitk gitleaks glab hg hub jj jujutsu lfs p4 pre-commit"
        " sapling sl svn tea"
    ),
    "package managers and installers": (
        "apk apt apt-cache apt-get aptitude asdf brew bun bunx cabal cargo cargo-binstall choco composer conda cpan"
        " cpanm dnf dpkg easy_install emerge flatpak gem go guix hatch hatchling helmfile luarocks mamba mas"
        " micromamba mise mvn nix nix-env nix-shell npm npx nuget nvm opam opkg pacman paru pdm pip pip3 pipenv pipx"
        " pixi pkg pkgin pnpm pnpx poetry port pyenv rbenv rpm rustup rye scoop sdk snap spack stack tlmgr uv uvx"
        " vcpkg virtualenv volta winget yarn yay yum zypper"
    ),
    "languages and their tools": (
        "ansible-lint ant autoconf automake bazel bazelisk black bundle bundler cc clang clang-format clang-tidy clj"
        " clojure cmake coffee crystal ctest dart deno dotnet elixir erl esbuild eslint flake8 flutter gcc gdb"
        " gfortran ghc ghci gmake gofmt gradle gradlew groovy haxe iex ipython irb isort jar java javac jest jshell"
        " julia jupyter just kotlin kotlinc ld lein llc lldb lua luajit make meson mix mocha msbuild mypy nim ninja nm"
        " node nodejs nodemon objdump ocaml perl perl5 php phpunit playwright postcss prettier pry puppeteer py"
        " py.test pylint pypy pyright pytest python python2 python3 r racket rails rake rbx rdoc readelf rscript ruby"
        " ruff rust-analyzer rustc rustfmt sass sbt scala scalac scons sqlx storybook swc swift swiftc task tcl tclsh"
        " terser tox ts-node tsc tsx turbo typst v valgrind vite vitest vue webpack xcode-select xcodebuild xcrun zig"
    ),
    "clouds, clusters and services": (
        "airflow amplify ansible ansible-playbook argo argocd aws aws-vault awslocal az azd bosh bq buf buildah caddy"
        " calicoctl cdk cf cfn-lint cilium cloudflared consul containerd crane crictl ctr dagger databricks dbt ddev"
        " dig docker docker-compose doctl dokku eb eksctl etcdctl fastlane firebase flux fly flyctl gcloud grafana"
        " gsutil hcloud helm heroku hostess httpd ibmcloud istioctl k3d k3s k6 k9s kafka kind kn kubeadm kubectl"
        " kubectx kubelet kubens kustomize launchctl lima limactl linkerd linode-cli lxc lxd minikube mkcert molecule"
        " mosquitto multipass nc ncat nerdctl netlify netstat newman nginx ngrok nmap nomad nslookup oc oci okteto op"
        " openstack packer podman podman-compose prometheus pulumi qemu railway rancher rclone render restic runc"
        " s3cmd sam scw serverless skaffold skopeo sls socat sops sqlcmd stern stripe supabase swarm systemd tailscale"
        " tcpdump tctl telepresence temporal terraform terragrunt tkn tofu traefik trivy tshark twilio vagrant vault"
        " vercel virsh wasmer wasmtime wg wg-quick wireguard wrangler yq"
    ),
    "data and documents": (
        "age age-keygen avconv cassandra clickhouse convert csvkit curl ditaa dot drill duckdb dvc exiftool ffmpeg"
        " ffplay ffprobe gnuplot gpg gpg2 gpgsm gs gzcat http httpie https hugo identify influx jekyll jo jq latex"
        " latexmk lynx magick minisign mkdocs mlflow mongo mongod mongodump mongosh mpv mysql mysqladmin mysqldump"
        " neo4j openssl pandoc parallel pass pdflatex pdftotext pg_dump pg_restore pgcli presto psql qpdf rabbitmqctl"
        " redis-cli redis-server signal-cli sox spark-shell sphinx-build sqlite sqlite3 tesseract vlc w3m wkhtmltopdf"
        " xelatex xmllint xmlstarlet xsltproc youtube-dl yt-dlp"
    ),
    "agents and models": (
        "aichat aider amazonq amp auggie chatgpt claude claude-code cline codeium codex cody continue copilot crush"
        " droid fabric gemini goose gpt gptme grok hf huggingface-cli interpreter kilo kilocode kimi kiro kiro-cli"
        " langgraph litellm llama llama-cli llama-server llamafile llm lms lmstudio mcp mcphost mistral mods ollama"
        " open-interpreter openai openclaw opencode openhands plandex promptfoo q qodo qwen replicate roo sgpt"
        " shell-gpt sourcegraph tabby tabnine vibe vllm warp whisper"
    ),
}
"""Programs that people or scripts expect under their own name, installed here or not."""

AGENT_VERBS = frozenset(_AGENT_VERBS.split())
SHELL_WORDS = frozenset(_SHELL_WORDS.split())
TOOLS = frozenset(word for names in _TOOLS.values() for word in names.split())


class Owner(StrEnum):
    """The owner of a file in the folder of commands."""

    US = "ours"
    AGENT = "the agent's"
    FOREIGN = "foreign"


def alias_script(brand: Brand, profile: ProfileName, launcher: str, root: str = "") -> str:
    """Write the POSIX script of an alias.

    Args:
        brand: The brand whose command it starts.
        profile: The profile.
        launcher: The launcher to use if the command is not on ``PATH`` at run time.
        root: The root of the profile, if it is not the usual one: the agent would take that without being told.

    Returns:
        The script; it contains ``<brand> -p <profile>``, by which the agent recognises its wrappers.
    """
    sets = ""
    if root:
        sets = f"{brand.home_variable}={shlex.quote(root)}; export {brand.home_variable}\n"
    return _SCRIPT.format(
        name=brand.name, profile=profile, mark=MARK, launcher=shlex.quote(launcher), root=sets
    )


def profile_of(brand: Brand, text: str) -> ProfileName | None:
    """Return the profile that a script written by the agent or by us starts; None for any other file.

    Args:
        brand: The brand whose command it would start.
        text: The beginning of the file.
    """
    # The agent quotes a path with a blank in it: '/home/a b/hermes' -p coder. A NUL means that a
    # binary only happens to contain these words.
    found = re.search(rf"{re.escape(brand.name)}'? -p (\S+)", text)
    if found is None or "\0" in text:
        return None
    try:
        return ProfileName(found.group(1).lower())
    except Invalid:
        return None


def owner_of(brand: Brand, text: str) -> Owner:
    """Return the owner of a file, judged by the beginning of its text."""
    if profile_of(brand, text) is None:
        return Owner.FOREIGN
    return Owner.US if MARK in text else Owner.AGENT


def check_alias(
    brand: Brand,
    name: AliasName,
    profile: ProfileName,
    *,
    standing: str | None,
    on_path: str,
    replace: bool,
    elsewhere: bool = False,
) -> None:
    """Refuse an alias that would shadow or overwrite something.

    Args:
        brand: The brand that the alias belongs to.
        name: The requested name.
        profile: The profile it would start.
        standing: The beginning of the file that has this name in the folder of aliases; None if there is none.
        on_path: Another program of this name on ``PATH``; empty if there is none.
        replace: Whether an alias of another profile may be taken over.
        elsewhere: Whether the file of this name starts a profile below another root.

    Raises:
        Invalid: The name is taken; the hint says what to do.
    """
    hint = "choose another name with --name"
    low = name.lower()
    if low in RESERVED or any(low in {each.name, each.dist_command} for each in BRANDS):
        raise Invalid(f"the name {name!r} is reserved", hint=hint)
    if low in AGENT_VERBS:
        raise Invalid(f"{name!r} is a command of {brand.title} itself", hint=hint)
    if low in SHELL_WORDS:
        raise Invalid(f"{name!r} is a keyword or command of the shell", hint=hint)
    if low in TOOLS:
        raise Invalid(f"{name!r} is the name of a well-known program", hint=hint)
    if elsewhere:
        raise Invalid(f"{name!r} already starts a profile below another root", hint=hint)
    if standing is not None:
        _check_standing(brand, name, profile, standing, replace=replace)
    if on_path:
        raise Invalid(f"{name!r} would shadow another program", where=on_path, hint=hint)


def _check_standing(
    brand: Brand, name: AliasName, profile: ProfileName, standing: str, *, replace: bool
) -> None:
    other = profile_of(brand, standing)
    if other is None:
        raise Invalid(
            f"there is already a file {name!r}, which is not an alias",
            hint="choose another name with --name, or move the file away",
        )
    if other != profile and not replace:
        raise Invalid(
            f"{name!r} already starts the profile {other!r}",
            hint="choose another name with --name, or remove it first",
            command=f"alias {other} --name {name} --remove",
        )


def path_line(shell: str, folder: str, user_home: str) -> str:
    """Return the command that puts a folder on ``PATH`` for good, in the user's shell.

    Args:
        shell: The program of the shell, as ``SHELL`` names it; empty if it is not known.
        folder: The folder.
        user_home: The user's own folder, which ``$HOME`` stands for.
    """
    shown = folder
    if folder.startswith(f"{user_home}/"):
        shown = f"$HOME{folder.removeprefix(user_home)}"
    name = shell.rpartition("/")[2]
    if name == "fish":
        return f"fish_add_path {shown}"
    return f"echo 'export PATH=\"{shown}:$PATH\"' >> ~/{_SETTINGS.get(name, '.profile')}"


_SETTINGS = {"zsh": ".zshrc", "bash": ".bashrc"}
"""The file that a shell reads when it starts; others read ``.profile``."""
