/// Deadlines, limits and privilege of one connection.
public struct Options: Sendable {
    /// How commands get root's rights.
    public enum Privilege: Sendable {
        /// They run as the user who logged in.
        case none
        /// They run through `sudo -n --`; a password is never asked for.
        case sudo
    }

    /// Name resolution and TCP connect together.
    public var connectTimeout: Duration = .seconds(10)
    /// Banner and key exchange together.
    public var handshakeTimeout: Duration = .seconds(15)
    /// All attempts to authenticate together, the agent's work included.
    public var authenticationTimeout: Duration = .seconds(20)
    /// Opening a channel and starting a command in it.
    public var channelTimeout: Duration = .seconds(30)
    /// A peer that sends nothing for so long while a command runs is taken for lost; it is asked for a sign of life at
    /// half that time, so a quiet command does not end a connection. At least five seconds.
    public var silenceLimit: Duration = .seconds(60)
    /// How much longer than a command's time limit the local side waits for the remote one to act.
    public var grace: Duration = .seconds(10)
    /// Channels in use at once on one connection; sshd's MaxSessions is 10 unless configured.
    public var maxChannels = 10
    /// Public keys tried at most: OpenSSH penalises sources of many failed attempts.
    public var maxKeysTried = 5
    /// How commands get root's rights.
    public var privilege: Privilege = .none

    /// The defaults.
    public init() {}
}
