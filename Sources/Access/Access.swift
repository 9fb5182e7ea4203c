import OneLoop

/// Who may do what: the one face behind which a list, provisioning servers and the memory of their answers stand.
///
/// A door asks before every read-out and every control, with the tokens it was given, and does no more than the answer's
/// whitelists allow. Nodes below a named one are expanded by the door before it looks at the whitelists, so that a
/// permission for a super-node is never one for what happens to be below it.
@Loop
public protocol Access: AnyObject, Sendable {
    /// Answers a question. It may take as long as a provisioning server takes; one that nobody answers is a no.
    func answer(_ question: AccessQuestion) async -> AccessAnswer
}
